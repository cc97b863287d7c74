import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { numaPrefix } from '../../../../src/adapters/engine/process/numa.ts'

let bin = ''
let sys = ''

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  sys = join(bin, 'sys')
})

async function program(name: string, text: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`)
  await chmod(join(bin, name), 0o755)
}

/** nvidia-smi prints the bus of the GPU that it is asked for; sysfs has the node of one GPU. */
async function machine(numaNode: string): Promise<void> {
  await program('numactl', 'exit 0')
  await program('nvidia-smi', 'case "$*" in *--id=2) echo 00000000:3B:00.0 ;; *) echo 00000000:18:00.0 ;; esac')
  await mkdir(join(sys, 'bus/pci/devices/0000:3b:00.0'), { recursive: true })
  await writeFile(join(sys, 'bus/pci/devices/0000:3b:00.0/numa_node'), `${numaNode}\n`)
}

const prefix = (devices = '2,3') => numaPrefix({ PATH: bin, CUDA_VISIBLE_DEVICES: devices }, sys)

describe('the NUMA node of a GPU', () => {
  it('is where its engine is kept', async () => {
    await machine('1')
    expect(await prefix()).toEqual([join(bin, 'numactl'), '--cpunodebind=1', '--preferred=1'])
  })

  it('is none on a machine that has no nodes', async () => {
    await machine('-1')
    expect(await prefix()).toEqual([])
  })

  it('is not known for a GPU that sysfs does not know, or that nvidia-smi fails to name', async () => {
    await machine('0')
    expect(await prefix('0')).toEqual([])
    await program('nvidia-smi', 'echo "No devices were found"; exit 6')
    expect(await prefix()).toEqual([])
  })

  it('is nothing to bind to without numactl', async () => {
    await program('nvidia-smi', 'echo 00000000:3B:00.0')
    expect(await prefix()).toEqual([])
  })
})
