import type { Config } from '../config/schema.ts'
import { tierOf } from '../config/tier-of.ts'
import { LOG_LEVEL_VARIABLE } from '../domain/log-level.ts'
import { formatReplicaSpec } from '../domain/replica-spec.ts'
import { renderStrictly } from '../domain/strict-template.ts'
import { keepsOutput, keptDirectory, outputPattern } from './job-output.ts'
import { hereDelimiter, sbatchArgument, shellWord } from './quoting.ts'
import { toReplicaSpec } from './to-replica-spec.ts'

/** Name of the template whose text renderJobScript takes. */
export const JOB_TEMPLATE = 'job.sh.mustache'

/** File name of a tier's job script. */
export function scriptName(config: Config, tierName: string): string {
  return tierOf(config, tierName).slurm.script ?? `${tierName}.slurm`
}

/**
 * The job script of a tier. Depends on its arguments only: the same configuration gives the same bytes.
 * @throws UserError when there is no such tier
 */
export function renderJobScript(config: Config, tierName: string, templateText: string): string {
  const spec = formatReplicaSpec(toReplicaSpec(config, tierName))
  return renderStrictly(templateText, {
    site: config.site,
    tier: tierName,
    directives: directives(config, tierName),
    logLevel: config.log === 'info' ? [] : [`export ${LOG_LEVEL_VARIABLE}=${config.log}`],
    setup: tierOf(config, tierName).setup,
    kept: keepsOutput(config, tierName) ? [shellWord(`${keptDirectory(config, tierName)}/`)] : [],
    node: shellWord(`${config.runtime}/current/node`),
    program: shellWord(`${config.runtime}/current/sluice.cjs`),
    spec,
    delimiter: hereDelimiter(spec, 'SLUICE_SPEC'),
  })
}

/**
 * Options of sbatch(1). Without `--requeue` a requeue is refused; without `--open-mode=append` it loses the log. With `B:` in
 * `--signal` the batch process would get the signal, not the notice step ("Who gets which signal", docs/design/slurm.md).
 */
function directives(config: Config, tierName: string): readonly string[] {
  const { slurm } = tierOf(config, tierName)
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ['--job-name', slurm.jobName ?? tierName],
    ['--partition', slurm.partition],
    ['--qos', slurm.qos],
    ['--account', slurm.account],
    ['--nodes', slurm.nodes],
    ['--ntasks-per-node', 1],
    ['--gpus-per-node', slurm.gpus === 0 || !slurm.requestGpus ? undefined : slurm.gpus],
    ['--cpus-per-task', slurm.cpus],
    ['--mem', slurm.mem],
    ['--time', slurm.time],
    ['--nodelist', slurm.nodelist],
    ['--open-mode', 'append'],
    ['--signal', `USR2@${slurm.signalLeadSeconds}`],
    ['--output', outputPattern(config, tierName)],
  ]
  return [
    ...options.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${sbatchArgument(String(value))}`])),
    ...(slurm.exclusive ? ['--exclusive'] : []),
    '--requeue',
    ...slurm.extra, // as written: config/formats.ts lets one closed option pass
  ]
}
