import { appendFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { startRpcGroup } from '../../../../src/adapters/engine/nodes/rpc-group.ts'
import { systemClock } from '../../../../src/adapters/system/clock.ts'
import type { LlamaPlacement } from '../../../../src/core/engines/llama-placement.ts'
import { until } from '../../../support/until.ts'

const PATIENCE = { timeoutMs: 5_000, intervalMs: 5 }
let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
})

/** A group whose workers and head are played by the test; what was done to them is written down, in order. */
function group({ build = 'b1', connects = true, layers }: { build?: string; connects?: boolean; layers?: number[] }) {
  const did: string[] = []
  const ends = new Map<string, (how: string) => void>()
  let placement: LlamaPlacement | undefined
  const logFile = join(directory, 'engine.log')
  const running = startRpcGroup({
    rpc: { workers: 2, port: 50_052, networks: ['10.0.0.0/24'], commands: ['rpc-server'], ...(layers && { layers }) },
    nodes: {
      names: ['n2', 'n3'],
      async start({ node }) {
        did.push(`start ${node}`)
        const exited = new Promise<string>(resolve => ends.set(node, resolve))
        return {
          ...{ node, pid: node === 'n2' ? 2 : 3, exited },
          async end() {
            did.push(`end ${node}`)
            ends.get(node)?.('srun exited with code 137')
          },
        }
      },
      async connects(address, port) {
        did.push(`connect ${address}:${port}`)
        return connects
      },
    },
    head: {
      command: 'llama-server',
      logFile,
      inspect: async () => ({ build: 'b1', devices: ['CUDA0'] }),
      async start(given) {
        did.push('start head')
        placement = given
        const exited = new Promise<string>(resolve => ends.set('head', resolve))
        const stop = async () => {
          did.push('end head')
          return [7]
        }
        return { pid: 1, exited, stop }
      },
    },
    logs: directory,
    clock: systemClock,
  })
  const listens = (node: string, more = '') =>
    appendFile(
      join(directory, `worker-${node}.log`),
      `sluice: address 10.0.0.${node.slice(1)}\nsluice: build ${build}\n${more}sluice: listening\n`,
    )
  return {
    ...{ running, did, listens, logFile },
    end: (who: string, how: string) => ends.get(who)?.(how),
    placement: () => placement,
    isUp: () => until('the head', () => did.includes('start head'), PATIENCE),
    haveStarted: () => until('both steps', () => did.length === 2, PATIENCE),
  }
}

describe('a group', () => {
  it('starts its head once every worker listens and has taken one connection', async () => {
    const { running, did, listens, isUp, haveStarted, placement } = group({ layers: [26, 27, 27] })
    await haveStarted()
    await listens('n3', '  CUDA0: V100S (32494 MiB, 32182 MiB free)\n  CUDA1: V100S (32494 MiB, 32182 MiB free)\n')
    expect(await running.trouble()).toEqual({ kind: 'waiting', message: 'Waiting for the workers' })
    await listens('n2')
    await isUp()
    expect(did.slice(2)).toEqual(['connect 10.0.0.2:50052', 'connect 10.0.0.3:50052', 'start head'])
    expect(placement()).toEqual({
      layers: [26, 27, 27],
      headDevices: ['CUDA0'],
      workers: [
        { address: '10.0.0.2', port: 50_052, devices: 1 },
        { address: '10.0.0.3', port: 50_052, devices: 2 },
      ],
    })
    await until('nothing in the way', async () => (await running.trouble()) === undefined, PATIENCE)
    expect(running.processes()).toEqual([
      { role: 'head', pid: 1, node: undefined },
      { role: 'worker', pid: 2, node: 'n2' },
      { role: 'worker', pid: 3, node: 'n3' },
    ])
    expect(await running.stop()).toEqual([7])
    expect(did.slice(5).sort()).toEqual(['end head', 'end n2', 'end n3'])
  })

  it('has ended when one of its workers has, with what that one said', async () => {
    const { running, listens, isUp, haveStarted, end } = group({})
    await haveStarted()
    await listens('n2', 'CUDA error: out of memory\n')
    await listens('n3')
    await isUp()
    end('n2', 'srun exited with code 134')
    expect(await running.exited).toBe(
      'The worker on n2 ended, srun exited with code 134: sluice: address 10.0.0.2\nsluice: build b1\nCUDA error: out of memory\nsluice: listening',
    )
  })

  it('has no head when a worker ends before it listens', async () => {
    const { running, did, haveStarted, end } = group({})
    await haveStarted()
    end('n3', 'srun exited with code 0')
    expect(await running.exited).toBe('The worker on n3 ended, srun exited with code 0: ')
    await running.stop()
    expect(did).not.toContain('start head')
  })

  it('is refused when a worker is of another build', async () => {
    const { running, did, listens, haveStarted } = group({ build: 'b2' })
    await haveStarted()
    await Promise.all([listens('n2'), listens('n3')])
    expect(await running.exited).toBe(
      'The head is build b1, the worker on n2 b2: RPC needs one build; install the same on every node',
    )
    await running.stop()
    expect(did.toSorted()).toEqual(['end n2', 'end n3', 'start n2', 'start n3'])
  })

  it('is refused when a worker cannot be connected to', async () => {
    const { running, listens, haveStarted } = group({ connects: false })
    await haveStarted()
    await Promise.all([listens('n2'), listens('n3')])
    expect(await running.exited).toMatch(/^The worker on n2 listens at 10\.0\.0\.2:50052, and this node cannot connect/)
  })

  it('does not trust a head that went on without a worker, nor one that says so as it aborts', async () => {
    const { running, listens, isUp, haveStarted, logFile, end } = group({})
    await appendFile(logFile, 'Failed to connect to 10.0.0.9:50052\n') // an earlier run's
    await haveStarted()
    await Promise.all([listens('n2'), listens('n3')])
    await isUp()
    await until('nothing in the way', async () => (await running.trouble()) === undefined, PATIENCE)
    await appendFile(logFile, 'ggml-rpc.cpp:650: Failed to connect to 10.0.0.3:50052\nserver is listening\n')
    const message = 'Failed to connect to 10.0.0.3:50052'
    expect(await running.trouble()).toEqual({ kind: 'fatal', message })
    expect(await running.trouble()).toEqual({ kind: 'fatal', message })
    end('head', 'Killed by SIGABRT')
    expect(await running.exited).toBe(`${message}: Killed by SIGABRT`)
  })

  it('that loses a worker tells which, though its head aborts first', async () => {
    const { running, listens, isUp, haveStarted, logFile, end } = group({})
    await haveStarted()
    await Promise.all([listens('n2'), listens('n3')])
    await isUp()
    await appendFile(logFile, 'Remote RPC server crashed or returned malformed response\n')
    end('head', 'Killed by SIGABRT')
    setTimeout(end, 20, 'n3', 'srun exited with code 137')
    expect(await running.exited).toMatch(/^The worker on n3 ended, srun exited with code 137: /)
  })

  it('that says so of a worker which lives on tells what its head said', async () => {
    const { running, listens, isUp, haveStarted, logFile, end } = group({})
    await haveStarted()
    await Promise.all([listens('n2'), listens('n3')])
    await isUp()
    await appendFile(logFile, 'Remote RPC server crashed or returned malformed response\n')
    end('head', 'Killed by SIGABRT')
    expect(await running.exited).toBe('Remote RPC server crashed or returned malformed response: Killed by SIGABRT')
  })

  it('that is stopped while it comes up starts nothing any more', async () => {
    const { running, did, listens, haveStarted } = group({})
    await haveStarted()
    await running.stop()
    await Promise.all([listens('n2'), listens('n3')])
    expect(did.toSorted()).toEqual(['end n2', 'end n3', 'start n2', 'start n3'])
  })
})
