import { chmod, chown, mkdir } from 'node:fs/promises'
import { execa } from 'execa'
import { ACCOUNTS, type Account } from './accounts.ts'

/** Owner of all that Sluice keeps for its engines and gateways to share. */
export const SHARED_DIRECTORY = '/cluster/shared/ai'
/** Where `sluice install` puts the bundle and its Node. */
export const RUNTIME_DIRECTORY = '/cluster/shared/sluice'
export const MODELS_DIRECTORY = '/scratch/ai/models'
export const SLURM_SPOOL = '/var/spool/slurm'
export const SLURM_LOGS = '/var/log/slurm'
/** The GPUs' device files; not in /dev, which is the host's. */
export const GPU_DIRECTORY = '/run/lab/gpus'

const DIRECTORIES: readonly { path: string; mode: number; owner?: Account }[] = [
  { path: '/cluster/shared', mode: 0o755 },
  { path: SHARED_DIRECTORY, mode: 0o750, owner: 'ai' },
  { path: RUNTIME_DIRECTORY, mode: 0o755, owner: 'ai' },
  { path: '/scratch/ai', mode: 0o755, owner: 'ai' },
  { path: MODELS_DIRECTORY, mode: 0o755, owner: 'ai' },
  { path: `${SLURM_SPOOL}/slurmctld`, mode: 0o755 },
  { path: SLURM_LOGS, mode: 0o755 },
  { path: GPU_DIRECTORY, mode: 0o755 },
]

/** One spool directory for each node besides: slurmd does not make its own. */
export async function makeDirectories(nodeNames: readonly string[]): Promise<void> {
  const spools = nodeNames.map(name => ({ path: `${SLURM_SPOOL}/slurmd.${name}`, mode: 0o755 }))
  for (const { path, mode, owner } of [...DIRECTORIES, ...spools] as typeof DIRECTORIES) {
    await mkdir(path, { recursive: true })
    await chmod(path, mode)
    if (owner !== undefined) {
      await chown(path, ACCOUNTS[owner], ACCOUNTS[owner])
    }
  }
}

/** Any character device passes for a GPU; these are /dev/null's twins. */
export async function makeGpus(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await execa('mknod', ['--mode=0666', `${GPU_DIRECTORY}/gpu${index}`, 'c', '1', '3'])
  }
}
