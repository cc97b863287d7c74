/** Long options of sbatch, without their dashes (`sbatch --help` and sbatch(1) of 22.05 and 26.05). */
const LONG_OPTIONS = `
  account acctg-freq array bb bbf begin chdir cluster cluster-constraint clusters comment constraint container
  container-id container-type contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline
  delay-boot dependency distribution error exclude exclusive export export-file extra extra-node-info get-user-env
  gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags help hint hold ignore-pbs
  input job-name licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus network nice
  no-kill no-requeue nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node
  ntasks-per-socket oom-kill-step open-mode output overcommit oversubscribe parsable partition power prefer
  priority profile propagate qos quiet reboot requeue reservation resv-ports segment signal sockets-per-node
  spread-job spread-segments stepmgr switches test-only thread-spec threads-per-core time time-min tmp tres-bind
  tres-per-job tres-per-node tres-per-socket tres-per-task uid usage use-min-nodes verbose version wait
  wait-all-nodes wckey wrap x11
`
  .trim()
  .split(/\s+/)

/** `--mem=4G` → `--mem`, `--part=gpu` → `--partition`, `-p gpu` and `-pgpu` → `-p`. */
export function optionName(option: string): string {
  return option.startsWith('--') ? wholeName(option.split('=', 1)[0] ?? '') : option.slice(0, 2)
}

/** sbatch accepts an abbreviation that only one name begins with (getopt_long(3)). */
function wholeName(name: string): string {
  const begun = LONG_OPTIONS.filter(one => `--${one}`.startsWith(name))
  return begun.length === 1 && !LONG_OPTIONS.includes(name.slice(2)) ? `--${begun[0]}` : name
}

/** One option of sbatch(1) that gives the job GPUs, or limits them: by a gres, a tres, or a count of its own. */
export function asksForGpus(option: string): boolean {
  const name = optionName(option)
  if (['--gpus', '-G', '--gpus-per-task', '--gpus-per-socket'].includes(name)) return true
  const isGeneric = name === '--gres' || name.startsWith('--tres')
  return isGeneric && /[=,:"'/]gpu(?=$|[:=,"'])/.test(option)
}
