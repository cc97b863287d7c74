import { formatTable } from '../../core/status/table.ts'
import type { ChangedLines } from '../../core/text/changed-lines.ts'
import type { Look } from './look-once.ts'
import { difference, idsOf } from './plan-gateway.ts'
import { GONE } from './reporter.ts'

/** What one round would change. */
export interface Changes {
  readonly routed: readonly string[]
  readonly withdrawn: readonly string[]
  /** nginx does not run and would be started. */
  readonly starts: boolean
  /** The lines of gateway.conf that change; undefined: nginx's files could not be read. */
  readonly nginx: ChangedLines | undefined
}

export function changesOf({ plan, reached, running }: Look, nginx: ChangedLines | undefined): Changes {
  const { added, dropped } = difference(reached, idsOf(plan.model))
  return { routed: added, withdrawn: dropped, starts: running === 'none', nginx }
}

/** `unknown`: no endpoint changes, and what nginx has could not be read ("unknown is not none", docs/design/rules.md). */
export function outcomeOf({ routed, withdrawn, starts, nginx }: Changes): 'nothing' | 'something' | 'unknown' {
  if (routed.length + withdrawn.length > 0 || starts) return 'something'
  if (nginx === undefined) return 'unknown'
  return nginx.lines.length === 0 ? 'nothing' : 'something'
}

/** The lines for an operator: each endpoint now and then, with the reason; the changed lines of nginx; the sum. */
export function describeLook(look: Look, changes: Changes, gateway: string): readonly string[] {
  const rows = rowsOf(look, changes)
  return [
    `Gateway "${gateway}": ${describeRunning(look, changes)}`,
    ...look.troubles.map(trouble => `Not known: ${trouble}`),
    '',
    ...(rows.length === 0 ? ['There are no endpoints'] : formatTable(['endpoint', 'now', 'then', 'why'], rows)),
    '',
    ...describeFile(changes.nginx),
    describeSum(changes),
  ]
}

function describeRunning({ running, plan }: Look, { starts }: Changes): string {
  if (starts) return 'its nginx does not run and would be started'
  if (typeof running !== 'object') return 'what its nginx runs is not known'
  const tiers = `${plan.model.tiers.length} tier${plan.model.tiers.length === 1 ? '' : 's'}`
  return `its nginx runs generation ${running.generation}; ${tiers} in sluice.yaml`
}

function rowsOf({ plan, reached }: Look, { withdrawn }: Changes): readonly string[][] {
  const had = new Set(Object.values(reached).flat())
  const ids = [...new Set([...plan.routabilities.keys(), ...had])].sort()
  return ids.map(id => {
    const routability = plan.routabilities.get(id)
    const now = had.has(id) ? 'routed' : '-'
    if (routability?.routed === true) return [id, now, 'routed', '']
    const why = routability?.reason ?? GONE
    return [id, now, withdrawn.includes(id) ? 'withdrawn' : '-', why]
  })
}

function describeFile(nginx: ChangedLines | undefined): readonly string[] {
  if (nginx === undefined) return []
  if (nginx.lines.length === 0) return ['gateway.conf: the same']
  return [
    `gateway.conf: lines removed: ${nginx.removed}, added: ${nginx.added}`,
    ...nginx.lines.map(line => `  ${cut(line)}`),
  ]
}

/** Some lines hold a whole page. */
function cut(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line
}

const LONGEST_LINE = 160

function describeSum(changes: Changes): string {
  const outcome = outcomeOf(changes)
  if (outcome === 'nothing') return 'Nothing would change'
  if (outcome === 'unknown') return 'Not known whether nginx would change'
  const { routed, withdrawn, starts, nginx } = changes
  const parts = [
    starts && 'start nginx',
    routed.length > 0 && `route ${routed.join(', ')}`,
    withdrawn.length > 0 && `withdraw ${withdrawn.join(', ')}`,
    !starts && nginx !== undefined && nginx.lines.length > 0 && 'reload nginx',
  ]
  return `Would ${parts.filter(Boolean).join('; ')}`
}
