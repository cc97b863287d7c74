/**
 * Executes the program in its arguments so that neither it nor its children receive the two signals of a notice. The signals are
 * blocked, which also works for programs that install handlers (env(1), since coreutils 8.31). They are ignored as well, which
 * also works for programs that unblock all signals, as dash does while it waits for a command.
 */
export const BLOCK_NOTICE_SIGNALS = `
trap '' TERM USR2
if env --block-signal=TERM --block-signal=USR2 true 2>/dev/null; then
  exec env --block-signal=TERM --block-signal=USR2 "$@"
fi
exec "$@"
`

/** Whether Slurm's TERM reaches every process of a job, not only those that slurmstepd has started; undefined: not known. */
export function termReachesAll(config: {
  readonly proctrackType?: string
  readonly signalChildrenProcesses?: boolean
}): boolean | undefined {
  if (config.signalChildrenProcesses === true) return true
  return config.proctrackType === undefined ? undefined : config.proctrackType === 'proctrack/linuxproc'
}
