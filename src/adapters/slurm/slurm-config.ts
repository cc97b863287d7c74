import { given } from '../../core/domain/given.ts'
import type { SlurmConfig } from '../../core/domain/slurm-config.ts'

/** Reads `scontrol show config`. */
export function parseSlurmConfig(text: string): SlurmConfig {
  const values = readPairs(text)
  const word = (key: string) => values.get(key)
  const number = (key: string) => leadingNumber(values.get(key))
  const authInfo = word('AuthInfo')
  return given({
    version: word('SLURM_VERSION'),
    clusterName: word('ClusterName'),
    killWaitSeconds: number('KillWait'),
    minJobAgeSeconds: number('MinJobAge'),
    maxJobCount: number('MaxJobCount'),
    preemptType: word('PreemptType'),
    preemptMode: word('PreemptMode'),
    preemptParameters: word('PreemptParameters'),
    slurmctldParameters: word('SlurmctldParameters'),
    jobRequeue: truth(word('JobRequeue')),
    proctrackType: word('ProctrackType'),
    signalChildrenProcesses: truth(word('SignalChildrenProcesses')),
    authInfo,
    requeueDelaySeconds: leadingNumber(/(?:^|,)requeue_delay=(\d+)/.exec(word('SchedulerParameters') ?? '')?.[1]),
    credExpireSeconds: leadingNumber(/(?:^|,)cred_expire=(\d+)/.exec(authInfo ?? '')?.[1]),
  })
}

/** `Key   = value` lines; `(null)` means no value. Of a repeated key the first counts, slurm.conf's before cgroup.conf's. */
function readPairs(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key, value] = /^\s*(\S+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key === undefined || value === undefined || value === '' || value === '(null)') continue
    if (!values.has(key)) values.set(key, value)
  }
  return values
}

/** `30 sec` → 30. */
function leadingNumber(text: string | undefined): number | undefined {
  const digits = /^\d+/.exec(text ?? '')?.[0]
  return digits === undefined ? undefined : Number(digits)
}

function truth(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (/^(?:1|yes|true)$/i.test(text)) return true
  return /^(?:0|no|false)$/i.test(text) ? false : undefined
}
