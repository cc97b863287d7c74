import { expect, it } from 'vitest'
import { lookUpNode, type NodeSources } from '../../../src/adapters/slurm/look-up-node.ts'

type Said = readonly string[] | undefined
interface World {
  readonly names: Readonly<Record<string, Said>>
  readonly slurm?: string
  /** What makes Slurm silent. */
  readonly silent?: true
  readonly suffix?: string
}

/** The node gpu01, looked up on a machine that has 10.0.0.5 and 10.1.0.5. */
async function look({ names, slurm, silent, suffix }: World, wanted: readonly string[]) {
  const asked: string[] = []
  const sources: NodeSources = {
    naming: { nodeSuffix: suffix },
    resolve: async name => (name in names ? names[name] : /^[\d.]+$/.test(name) ? [name] : []),
    slurmAddress: async node => {
      asked.push(node)
      return silent ? undefined : (slurm ?? node)
    },
    ownAddresses: () => ['127.0.0.1', '10.0.0.5', '10.1.0.5'],
  }
  return { found: await lookUpNode('gpu01', wanted, sources), askedSlurm: asked.length > 0 }
}

const ADMIN = '10.0.0.1'
const FAST = '10.1.0.1'

it.each<[string, World, string, Said]>([
  ['its name', { names: { gpu01: [ADMIN] } }, ADMIN, [ADMIN]],
  ['its name with two addresses', { names: { gpu01: [ADMIN, FAST] } }, FAST, [ADMIN, FAST]],
  ['its name with the suffix', { names: { gpu01: [ADMIN], gpu01i: [FAST] }, suffix: 'i' }, FAST, [ADMIN, FAST]],
  ['its name with the suffix alone', { names: { gpu01i: [FAST] }, suffix: 'i' }, FAST, [FAST]],
  ['its name in IPv6 alone', { names: { gpu01: ['fd00::1'] } }, FAST, ['fd00::1']],
  ['NodeAddr, an address', { names: { gpu01: [ADMIN] }, slurm: FAST }, FAST, [ADMIN, FAST]],
  ['NodeAddr, a name', { names: { gpu01: [ADMIN], fast1: [FAST] }, slurm: 'fast1' }, FAST, [ADMIN, FAST]],
  ['NodeAddr alone', { names: {}, slurm: FAST }, FAST, [FAST]],
  ['loopback, as a machine calls itself', { names: { gpu01: ['127.0.1.1'] } }, '10.1.0.5', ['10.0.0.5', '10.1.0.5']],
  ['one of this machine’s', { names: { gpu01: ['10.0.0.5'] } }, '10.1.0.5', ['10.0.0.5', '10.1.0.5']],
  ['nothing: of another machine', { names: { gpu01: [ADMIN] } }, '10.0.0.99', [ADMIN]],
  ['nothing: of this machine, which the node is not', { names: { gpu01: [ADMIN] } }, '10.0.0.5', [ADMIN]],
  ['nothing: nobody knows the node', { names: {} }, ADMIN, undefined],
  [
    'nothing yet: a name was not answered',
    { names: { gpu01: [ADMIN], gpu01i: undefined }, suffix: 'i' },
    FAST,
    undefined,
  ],
  ['nothing yet: Slurm is silent', { names: { gpu01: [ADMIN] }, silent: true }, FAST, undefined],
])('finds the address that an endpoint has by %s', async (_by, world, wanted, found) => {
  expect((await look(world, [wanted])).found).toEqual(found)
})

it('asks Slurm only where the names do not show it, and takes what there is where nothing is wanted', async () => {
  const world: World = { names: { gpu01: [ADMIN], gpu01i: undefined }, suffix: 'i', slurm: FAST }
  expect(await look(world, [ADMIN])).toEqual({ found: [ADMIN], askedSlurm: false })
  expect(await look(world, [FAST])).toEqual({ found: [ADMIN, FAST], askedSlurm: true })
  expect((await look(world, [])).found).toEqual([ADMIN])
})
