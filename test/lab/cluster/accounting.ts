import { chmod, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import { until } from '../../support/until.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { daemonPid, logTail, startDaemon } from './daemons.ts'
import { DATABASE_SOCKET, startDatabase } from './database.ts'

/** The QoS of the example site: who may take whose GPUs. */
export const QOS = { ai: 'ai_opportunistic', vasp: 'vasp_priority' } as const

/**
 * What preempt/qos needs besides Slurm's own daemons: slurmdbd over a MariaDB, and in it the cluster, the site's two
 * accounts, their users and QoS. Comes before slurmctld, which registers with the one and asks for the other.
 */
export async function startAccounting({ graceSeconds }: ClusterOptions, controllerName: string): Promise<void> {
  await startDatabase()
  const file = '/etc/slurm/slurmdbd.conf'
  await writeFile(file, slurmdbdConf(controllerName))
  await chmod(file, 0o600) // slurmdbd refuses one that others may read
  // slurmdbd.conf has no word for a socket's place, libmariadb has.
  const argv = ['env', `MYSQL_UNIX_PORT=${DATABASE_SOCKET}`, 'slurmdbd', '-D'] as const
  await startDaemon({ name: 'slurmdbd', argv: [...argv] })
  await until('an answer of slurmdbd', slurmdbdAnswers, { timeoutMs: 60_000 }).catch(async cause => {
    throw new Error(`Cannot start slurmdbd: ${cause.message}\n${await logTail('slurmdbd', 15)}`, { cause })
  })
  for (const entity of describeSite(graceSeconds)) {
    await execa('sacctmgr', ['--immediate', 'add', ...entity.split(' ')])
  }
}

function slurmdbdConf(controllerName: string): string {
  const lines = [
    'AuthType=auth/munge',
    `DbdHost=${controllerName}`,
    'SlurmUser=root',
    'StorageType=accounting_storage/mysql',
    'StorageUser=root',
    'PidFile=/run/slurmdbd.pid',
  ]
  return `${lines.join('\n')}\n`
}

async function slurmdbdAnswers(): Promise<boolean> {
  if ((await daemonPid('slurmdbd')) === undefined) throw new Error('slurmdbd has ended')
  await execa('sacctmgr', ['show', 'cluster'])
  return true
}

/** Sluice's jobs get their QoS by asking for it, and by saying nothing; those of vasp only by asking. */
function describeSite(graceSeconds: number): readonly string[] {
  return [
    'cluster lab',
    `qos ${QOS.ai} Priority=100 PreemptMode=REQUEUE GraceTime=${graceSeconds}`,
    `qos ${QOS.vasp} Priority=1000 Preempt=${QOS.ai}`,
    'account ai',
    'account vasp',
    `user ai Account=ai QOS=${QOS.ai} DefaultQOS=${QOS.ai}`,
    `user vasp Account=vasp QOS=normal,${QOS.vasp} DefaultQOS=normal`,
  ]
}
