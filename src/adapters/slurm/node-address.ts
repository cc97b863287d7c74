/** NodeAddr of this node in what `scontrol --oneliner show node` prints; undefined if it has none. */
export function parseNodeAddress(text: string, node: string): string | undefined {
  const line = text.split('\n').find(one => one.startsWith(`NodeName=${node} `))
  return line === undefined ? undefined : / NodeAddr=(\S+)/.exec(line)?.[1]
}
