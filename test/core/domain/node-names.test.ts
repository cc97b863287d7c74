import { expect, it } from 'vitest'
import { type NodeNaming, namesOfNode } from '../../../src/core/domain/node-names.ts'

it.each<[string, NodeNaming, string[]]>([
  ['gpu01', {}, ['gpu01']],
  ['gpu01', { nodeSuffix: 'i' }, ['gpu01', 'gpu01i']],
  ['gpu01.cluster', { nodeSuffix: '-ib' }, ['gpu01.cluster', 'gpu01-ib.cluster']],
  ['gpu01', { nodeSuffix: '.ib.cluster' }, ['gpu01', 'gpu01.ib.cluster']],
  ['gpu01', { nodeNames: { gpu01: ['fast-1', '10.1.0.1'], gpu02: ['fast-2'] } }, ['gpu01', 'fast-1', '10.1.0.1']],
  ['gpu01', { nodeSuffix: 'i', nodeNames: { gpu01: ['gpu01i'] } }, ['gpu01', 'gpu01i']],
  ['constructor', { nodeNames: { gpu01: ['fast-1'] } }, ['constructor']],
])('%s with %j is called %j', (node, naming, names) => {
  expect(namesOfNode(node, naming)).toEqual(names)
})
