/** `--mem=4G` → `--mem`, `-p gpu` and `-pgpu` → `-p`. */
export function optionName(option: string): string {
  return option.startsWith('--') ? (option.split('=', 1)[0] ?? '') : option.slice(0, 2)
}

/** One option of sbatch(1) that gives the job GPUs, or limits them: by a gres, a tres, or a count of its own. */
export function asksForGpus(option: string): boolean {
  const name = optionName(option)
  if (['--gpus', '-G', '--gpus-per-task', '--gpus-per-socket'].includes(name)) return true
  const isGeneric = name === '--gres' || name.startsWith('--tres')
  return isGeneric && /[=,:"'/]gpu(?=$|[:=,"'])/.test(option)
}
