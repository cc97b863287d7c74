/**
 * Becomes the program of its arguments, which does not hear the two signals of a notice, nor does what it starts. Blocks
 * them, which also holds for programs that install handlers (env(1), since coreutils 8.31), and ignores them, which also
 * holds for programs that undo all blocks: dash does when it waits for a command.
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
