/** The name of an installed build: the version, and a hash of its content. */
const INSTALLED = /^\d+\.\d+\.\d+[\w.+-]*-[0-9a-f]{12}$/

export function isInstalledBuild(build: string): boolean {
  return INSTALLED.test(build)
}

/**
 * The name of the program in this directory, for endpoint and routes files. For an installed one it is the name of its directory,
 * which is unique; for others, as in a checkout, the version alone.
 */
export function buildName(version: string, directory: string): string {
  const name = directory.slice(directory.lastIndexOf('/') + 1)
  return isInstalledBuild(name) ? name : version
}

/** A running program and its build; undefined: it is too old to report its build. */
export interface BuildUser {
  readonly who: string
  readonly build: string | undefined
}

/**
 * Installed builds that may be removed: all except the target of `current` and builds in use.
 *
 * @returns the reason why none may be removed, where a program does not report its build.
 */
export function removableBuilds(
  installed: readonly string[],
  current: string,
  users: readonly BuildUser[],
): { readonly remove: readonly string[]; readonly kept: ReadonlyMap<string, string> } | { readonly unsure: string } {
  const silent = users.filter(user => user.build === undefined).map(user => user.who)
  if (silent.length > 0) return { unsure: `it is not known which build they run: ${silent.join(', ')}` }
  const kept = new Map<string, string>()
  for (const build of installed) {
    const who = users.filter(user => user.build === build).map(user => user.who)
    const reasons = [...(build === current ? ['current'] : []), ...who]
    if (reasons.length > 0) kept.set(build, reasons.join(', '))
  }
  return { remove: installed.filter(build => !kept.has(build)), kept }
}
