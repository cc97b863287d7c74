import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseDevices, readWorkerLog, workerArgv } from '../../../../src/adapters/engine/nodes/worker-script.ts'
import type { RpcSpec } from '../../../../src/core/domain/replica-spec.ts'

const RPC: RpcSpec = {
  workers: 1,
  port: 50_052,
  networks: ['127.0.0.0/8'],
  commands: ['ggml-rpc-server', 'rpc-server'],
}
const LLAMA = "#!/bin/sh\necho 'version: 10573 (abc1234)'; echo 'built with GNU'\n"
let bin = ''

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'sluice-test-'))
})

async function program(name: string, text: string): Promise<void> {
  const path = join(bin, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
  await chmod(path, 0o755)
}

/** Runs the script as the step would; a worker that says its arguments is in its place. */
async function run(rpc: RpcSpec = RPC) {
  const [shell = '', ...argv] = workerArgv(rpc, 'llama-server')
  const options = { env: { PATH: `${bin}:/usr/bin:/bin` }, extendEnv: false, all: true, reject: false } as const
  const { all, exitCode } = await execa(shell, argv, options)
  return { lines: String(all).split('\n'), exitCode }
}

describe('the script of a worker’s step', () => {
  it.each(['ggml-rpc-server', 'rpc-server'])(
    'becomes %s, bound to the address in the network, and reports its build',
    async name => {
      await program('llama-server', LLAMA)
      await program(name, '#!/bin/sh\necho "$0 $*"\n')
      expect(await run()).toEqual({
        lines: ['sluice: address 127.0.0.1', 'sluice: build 10573 (abc1234)', `${bin}/${name} -H 127.0.0.1 -p 50052`],
        exitCode: 0,
      })
    },
  )

  it('takes the build from beside the worker, and keeps tensors where that is wanted', async () => {
    await program('llama-server', LLAMA)
    await program('new/llama-server', LLAMA.replace('10573', '10600'))
    await program('new/worker', '#!/bin/sh\necho "$*"\n')
    const { lines } = await run({ ...RPC, commands: [join(bin, 'new/worker')], cache: '/scratch' })
    expect(lines.slice(1)).toEqual(['sluice: build 10600 (abc1234)', '-H 127.0.0.1 -p 50052 -c'])
  })

  it('says what it has tried where there is no worker', async () => {
    const { lines, exitCode } = await run({ ...RPC, commands: ['nobody-has-this', 'nor this'] })
    expect({ lines, exitCode }).toEqual({
      lines: ['No program on this node of: nobody-has-this nor this'],
      exitCode: 127,
    })
  })

  it('says so where the node has no address in the network', async () => {
    await program('rpc-server', '#!/bin/sh\n')
    const nobodys = ['240.0.0.0/8', '255.0.0.7/32']
    expect(await run({ ...RPC, networks: nobodys })).toEqual({
      lines: ['No address on this node in rpc.network, or gateway.networks'],
      exitCode: 1,
    })
  })

  it('sees in the kernel’s table that the worker listens', async () => {
    const server = createServer(socket => socket.destroy(new Error('Nobody may connect')))
    const port = await new Promise<number>(resolve => {
      server.listen(0, '127.0.0.1', () => resolve(Object(server.address()).port))
    })
    let connections = 0
    server.on('connection', () => {
      connections += 1
    })
    // The worker here is a shell that waits for the word which the script gives beside it.
    await program('rpc-server', '#!/bin/sh\nread -r word; echo "$word"\n')
    const [shell = '', ...argv] = workerArgv({ ...RPC, port }, 'llama-server')
    const step = execa(shell, argv, { env: { PATH: `${bin}:/usr/bin:/bin` }, extendEnv: false, reject: false })
    let said = ''
    step.stdout.on('data', chunk => {
      said += chunk
      if (said.includes('sluice: listening')) step.stdin.end('heard\n')
    })
    await step
    server.close()
    expect(said).toMatch(/sluice: listening\nheard\n$/)
    expect(connections).toBe(0)
  })
})

describe('what a worker says', () => {
  const SAID = [
    'sluice: address 10.0.0.12',
    'sluice: build 0.7.0 (build 11669, commit Debian)',
    'ggml_cuda_init: found 2 CUDA devices:',
    '  Device 0: Tesla V100S-PCIE-32GB, compute capability 7.0, VMM: yes',
    'Starting RPC server v8.0.0',
    '  endpoint       : 10.0.0.12:50052',
    'Devices:',
    '  CUDA0: Tesla V100S-PCIE-32GB (32494 MiB, 32182 MiB free)',
    '  CUDA1: Tesla V100S-PCIE-32GB (32494 MiB, 32182 MiB free)',
    '  transport      : TCP',
  ]

  it('is nowhere before it listens', () => {
    expect(readWorkerLog(SAID)).toEqual({ address: undefined, build: '0.7.0 (build 11669, commit Debian)', devices: 2 })
    expect(readWorkerLog([...SAID, 'sluice: listening']).address).toBe('10.0.0.12')
  })

  it('is one device of an unknown build where it does not say', () => {
    expect(readWorkerLog(['sluice: address 10.0.0.12', 'sluice: build ', 'sluice: listening'])).toEqual({
      address: '10.0.0.12',
      build: undefined,
      devices: 1,
    })
  })

  it('names devices as llama-server lists them', () => {
    expect(parseDevices(SAID)).toEqual(['CUDA0', 'CUDA1'])
    expect(parseDevices(['Available devices:'])).toEqual([])
  })
})
