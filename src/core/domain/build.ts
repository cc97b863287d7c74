/** The name of what `sluice install` installs: the version, and a hash of all that is in it. */
const INSTALLED = /^\d+\.\d+\.\d+[\w.+-]*-[0-9a-f]{12}$/

export function isInstalledBuild(build: string): boolean {
  return INSTALLED.test(build)
}

/**
 * What the program in this directory is called in endpoint and routes files: the name of its directory where it was installed,
 * which no other build has; its bare version where it was not, as in a checkout.
 */
export function buildName(version: string, directory: string): string {
  const name = directory.slice(directory.lastIndexOf('/') + 1)
  return isInstalledBuild(name) ? name : version
}

/** One that runs, and which build it runs; undefined: it does not say, as builds before those that do. */
export interface BuildUser {
  readonly who: string
  readonly build: string | undefined
}

/**
 * What may be removed of what is installed: all but what `current` points at and what anybody runs.
 *
 * @returns in words why nothing may, where somebody does not say what it runs.
 */
export function removableBuilds(
  installed: readonly string[],
  current: string,
  users: readonly BuildUser[],
): { readonly remove: readonly string[]; readonly kept: ReadonlyMap<string, string> } | { readonly unsure: string } {
  const silent = users.filter(user => user.build === undefined).map(user => user.who)
  if (silent.length > 0) return { unsure: `which build they run is not known: ${silent.join(', ')}` }
  const kept = new Map<string, string>()
  for (const build of installed) {
    const who = users.filter(user => user.build === build).map(user => user.who)
    const reasons = [...(build === current ? ['current'] : []), ...who]
    if (reasons.length > 0) kept.set(build, reasons.join(', '))
  }
  return { remove: installed.filter(build => !kept.has(build)), kept }
}
