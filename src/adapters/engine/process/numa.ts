import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { findProgram } from '../../system/find-program.ts'

const TIMEOUT_MS = 10_000
/** The output is one line. */
const MOST_CHARACTERS = 4096

/**
 * The words before an engine's command that bind it to the NUMA node of its first GPU: its processors, and preferably its memory.
 * Empty where the node is not known: numactl(8) or nvidia-smi is missing, or the machine has one node. `sys` is the mount point of
 * sysfs.
 */
export async function numaPrefix(
  env: Readonly<Record<string, string | undefined>>,
  sys = '/sys',
): Promise<readonly string[]> {
  const numactl = await findProgram('numactl', env)
  const smi = await findProgram('nvidia-smi', env)
  if (numactl === undefined || smi === undefined) return []
  const [gpu] = (env['CUDA_VISIBLE_DEVICES'] ?? '0').split(',')
  const args = ['--query-gpu=pci.bus_id', '--format=csv,noheader', `--id=${gpu}`]
  const { stdout, failed } = await execa(smi, args, { reject: false, timeout: TIMEOUT_MS, maxBuffer: MOST_CHARACTERS })
  // nvidia-smi writes an eight-digit PCI domain, sysfs one of four: 00000000:3B:00.0 is 0000:3b:00.0.
  const device = /^[0-9a-f]{4}([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])$/.exec(stdout.trim().toLowerCase())?.[1]
  if (failed || device === undefined) return []
  const node = (await readFile(join(sys, 'bus/pci/devices', device, 'numa_node'), 'utf8').catch(() => '-1')).trim()
  return /^\d+$/.test(node) ? [numactl, `--cpunodebind=${node}`, `--preferred=${node}`] : []
}
