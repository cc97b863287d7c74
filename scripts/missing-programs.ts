/** A machine, as far as it decides how programs get onto it. */
export interface Machine {
  /** process.platform */
  readonly platform: string
  /** The text of /etc/os-release; undefined where there is none. */
  readonly osRelease: string | undefined
  readonly isRoot: boolean
  readonly hasAptGet: boolean
}

/** A program that has to be there, in what package it comes, and why. */
export interface Program {
  readonly name: string
  readonly package: string
  readonly why: string
}

export const PROGRAMS: readonly Program[] = [
  { name: 'nginx', package: 'nginx', why: 'the gateway that carries every request' },
]

/** What is to be done about programs that are missing: install their packages here and now, or print these lines for a person. */
export type Remedy =
  | { readonly kind: 'install'; readonly packages: readonly string[] }
  | { readonly kind: 'report'; readonly lines: readonly string[] }

/** Package managers by the ID or ID_LIKE of os-release(5). */
const MANAGERS: Readonly<Record<string, string>> = {
  alpine: 'apk add',
  arch: 'pacman -S',
  fedora: 'dnf install',
  rhel: 'dnf install',
  suse: 'zypper install',
}

export function remedyFor(missing: readonly Program[], machine: Machine): Remedy {
  const names = missing.map(program => program.name).join(', ')
  if (machine.platform !== 'linux') {
    return {
      kind: 'report',
      lines: [`Cannot start: Sluice needs Linux, whose /proc it reads, and this is ${machine.platform}`],
    }
  }
  const packages = missing.map(program => program.package)
  const ids = idsOf(machine.osRelease ?? '')
  if (ids.includes('debian') && machine.hasAptGet) {
    if (machine.isRoot) return { kind: 'install', packages }
    return {
      kind: 'report',
      lines: [
        `Cannot start: ${names} is missing, and only root can install it. As root, then npm start again as yourself:`,
        `  apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`,
        '  systemctl disable --now nginx    # Debian starts it on port 80; Sluice runs an nginx of its own',
      ],
    }
  }
  const manager = Object.entries(MANAGERS).find(([id]) => ids.includes(id))?.[1]
  const how =
    manager === undefined
      ? `  the package that has it, often ${packages.join(' ')}, with your package manager`
      : `  ${manager} ${packages.join(' ')}`
  return {
    kind: 'report',
    lines: [`Cannot start: ${names} is missing. Install it as root, then npm start again:`, how],
  }
}

/** ID and ID_LIKE of os-release(5), unquoted. */
function idsOf(osRelease: string): string[] {
  return [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].flatMap(([, value = '']) =>
    value
      .replaceAll(/["']/g, '')
      .split(/\s+/)
      .filter(id => id !== ''),
  )
}

/** PRETTY_NAME of os-release(5). */
export function systemName({ osRelease, platform }: Machine): string {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease ?? '')?.[1] ?? platform
}
