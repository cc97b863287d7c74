/** Names of a site's nodes on other networks than that of their Slurm names. */
export interface NodeNaming {
  /** A suffix of a node's name: with `i`, node gpu01 has the name gpu01i too. */
  readonly nodeSuffix?: string | undefined
  /** Other names, or addresses, by node. */
  readonly nodeNames?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Every name of a node, its own first. A suffix belongs to the first label: gpu01.cluster is gpu01i.cluster. */
export function namesOfNode(node: string, { nodeSuffix, nodeNames }: NodeNaming): readonly string[] {
  const suffixed = nodeSuffix === undefined ? [] : [node.replace(/^[^.]+/, label => `${label}${nodeSuffix}`)]
  const others = nodeNames !== undefined && Object.hasOwn(nodeNames, node) ? (nodeNames[node] ?? []) : []
  return [...new Set([node, ...suffixed, ...others])]
}
