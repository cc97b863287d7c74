import type { DoctorFinding, Level } from './doctor-finding.ts'

/** The findings by group; the last line counts them. */
export function findingsText(findings: readonly DoctorFinding[]): readonly string[] {
  const groups = Map.groupBy(findings, finding => finding.id.split('.')[0] ?? '')
  return [
    ...[...groups].flatMap(([group, members]) => [TITLES[group] ?? group, ...members.flatMap(findingLines), '']),
    countLevels(findings),
  ]
}

const TITLES: Readonly<Record<string, string>> = {
  gateway: 'Gateway',
  shared: 'Shared directory',
  runtime: 'Runtime',
  slurm: 'Slurm',
  tier: 'Tiers',
}

function findingLines({ level, what, why, fix }: DoctorFinding): readonly string[] {
  return [
    `  ${level.padEnd(WIDTH)}  ${what}`,
    ...(why === undefined ? [] : [`  ${''.padEnd(WIDTH)}  ${why}`]),
    ...(fix === undefined ? [] : [`  ${''.padEnd(WIDTH)}  → ${fix}`]),
  ]
}

const LEVELS: readonly Level[] = ['problem', 'warning', 'unknown', 'note', 'ok']
const WIDTH = Math.max(...LEVELS.map(level => level.length))

/** `1 problem, 2 warnings, 3 unknown, 1 note, 12 ok`. */
function countLevels(findings: readonly DoctorFinding[]): string {
  return LEVELS.map(level => {
    const count = findings.filter(finding => finding.level === level).length
    const plural = count === 1 || level === 'ok' || level === 'unknown' ? '' : 's'
    return count === 0 ? '' : `${count} ${level}${plural}`
  })
    .filter(Boolean)
    .join(', ')
}
