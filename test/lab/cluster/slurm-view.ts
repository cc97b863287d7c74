import { execa } from 'execa'
import { QOS } from './accounting.ts'
import { asUser } from './as-user.ts'

/** Node name → state as sinfo prints it: `idle`, `mixed`, `allocated*`, … */
export async function nodeStates(): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await execa('sinfo', ['--Node', '--noheader', '--format=%N %T'])
  return Object.fromEntries(stdout.split('\n').map(line => line.trim().split(/\s+/) as [string, string]))
}

/** The fields of `scontrol show job`: `JobState`, `Restarts`, `PreemptTime`, … A value ends at the next ` Name=`. */
export async function showJob(jobId: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await execa('scontrol', ['show', 'job', '--oneliner', jobId])
  const fields = stdout.matchAll(/(\S+?)=(.*?)(?=\s+\S+?=|$)/g)
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, value]))
}

/**
 * Takes a node away from gpu_ai as its owners do: a whole-node job of `vasp` in gpu_vasp, with the QoS
 * that counts where QoS preempt. Returns the job's id.
 */
export async function preempt(nodeName: string, { seconds = 600 }: { seconds?: number } = {}): Promise<string> {
  const { stdout } = await asUser('vasp', [
    ...['sbatch', '--parsable', '--partition=gpu_vasp', '--exclusive', `--nodelist=${nodeName}`, '--job-name=vasp'],
    ...[`--qos=${QOS.vasp}`, '--output=/dev/null', `--wrap=exec sleep ${seconds}`],
  ])
  return stdout.trim()
}

/** Returns when Slurm has taken the order, not when the job is gone. */
export async function cancel(jobId: string): Promise<void> {
  await execa('scancel', [jobId])
}
