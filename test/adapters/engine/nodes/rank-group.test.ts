import { appendFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { startRankGroup } from '../../../../src/adapters/engine/nodes/rank-group.ts'
import { rankArgv } from '../../../../src/adapters/engine/nodes/rank-script.ts'
import { identify } from '../../../../src/adapters/system/processes.ts'
import { until } from '../../../support/until.ts'

const PATIENCE = { timeoutMs: 5_000, intervalMs: 5 }

/** A group whose processes are played by the test; what was done to them is written down, in order. */
async function group(startHead?: () => Promise<never>) {
  const logs = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const did: string[] = []
  const ends = new Map<string, (how: string) => void>()
  const begin = (who: string, did_: string) => {
    did.push(did_)
    return new Promise<string>(resolve => ends.set(who, resolve))
  }
  const running = startRankGroup({
    ...{ logs, stopGraceMs: 3_000 },
    nodes: {
      names: ['n2', 'n3'],
      async start({ node, argv }) {
        const exited = begin(node, `start ${node}: ${argv.join(' ')}`)
        const end = async () => {
          did.push(`end ${node}`)
          ends.get(node)?.('srun exited')
        }
        return { node, pid: node === 'n2' ? 2 : 3, exited, end }
      },
      connects: async () => true,
    },
    startHead:
      startHead ??
      (async () => {
        const exited = begin('head', 'start head')
        const stop = async (graceMs: number) => {
          did.push(`end head within ${graceMs} ms`)
          return []
        }
        return { pid: 1, exited, stop }
      }),
    workerArgv: rank => ['vllm', '--node-rank', String(rank)],
  })
  return { running, did, logs, end: (who: string, how: string) => ends.get(who)?.(how) }
}

it('starts a process on each node, and ends all of them', async () => {
  const { running, did } = await group()
  await until('all to be started', () => did.length === 3, PATIENCE)
  expect(did.toSorted()).toEqual(['start head', 'start n2: vllm --node-rank 1', 'start n3: vllm --node-rank 2'])
  expect(await running.trouble()).toBeUndefined()
  expect(running.processes()).toEqual([
    { role: 'head', pid: 1, node: undefined },
    { role: 'worker', pid: 2, node: 'n2' },
    { role: 'worker', pid: 3, node: 'n3' },
  ])
  await running.stop()
  expect(did.slice(3).toSorted()).toEqual(['end head within 3000 ms', 'end n2', 'end n3'])
})

it.each([
  ['n3', 'srun exited with code 137', 'The worker on n3 ended, srun exited with code 137: CUDA out of memory'],
  ['head', 'Exited with code 0', 'Exited with code 0'],
])('ends when %s does, with its last words', async (who, how, said) => {
  const { running, did, logs, end } = await group()
  await until('all to be started', () => did.length === 3, PATIENCE)
  await appendFile(join(logs, 'worker-n3.log'), 'CUDA out of memory\n')
  end(who, how)
  expect(await running.exited).toBe(said)
})

it('tells that its head cannot be started', async () => {
  const { running } = await group(() => Promise.reject(new Error('Cannot start "vllm": ENOENT')))
  expect(await running.exited).toBe('Cannot start "vllm": ENOENT')
  expect(await running.stop()).toEqual([])
})

it('tells each process the address of its own node', async () => {
  const argv = ['sh', '-c', 'echo "$VLLM_HOST_IP $*"', 'vllm', 'serve', '--host', '10.0.0.1']
  const run = ([shell = '', ...rest]: string[]) => execa(shell, rest, { reject: false })
  const { stdout } = await run(rankArgv(['127.0.0.0/8'], 'VLLM_HOST_IP', argv))
  expect(stdout.split('\n')).toEqual(['sluice: address 127.0.0.1', '127.0.0.1 serve --host 10.0.0.1 --host 127.0.0.1'])
  const nowhere = await run(rankArgv(['203.0.113.0/24'], 'VLLM_HOST_IP', argv))
  expect([nowhere.exitCode, nowhere.stdout]).toEqual([1, 'No address on this node in gateway.networks'])
})

it('ends what its engine leaves behind', async () => {
  const argv = ['sh', '-c', 'setsid sleep 600 >/dev/null & echo "left $!"; exit 3']
  const [shell = '', ...rest] = rankArgv(['127.0.0.0/8'], 'VLLM_HOST_IP', argv)
  const { stdout, exitCode } = await execa(shell, rest, { reject: false })
  expect(exitCode).toBe(3)
  const left = Number(/left (\d+)/.exec(stdout)?.[1])
  await until('its end', async () => (await identify(left)) === undefined, PATIENCE)
})
