/**
 * The names that `scontrol show hostnames` prints, one a line; undefined when one of them is not a name. Its exit code is useless:
 * for `vasp-[01` Slurm 22.05 prints `vasp-]`, and 26.05 only an "Invalid hostlist", both with exit code 0.
 */
export function parseHostnames(text: string): readonly string[] | undefined {
  const names = text.split('\n').filter(line => line !== '')
  return names.length > 0 && names.every(name => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) ? names : undefined
}
