import { stat } from 'node:fs/promises'
import type { Clock } from '../../adapters/system/clock.ts'
import { readRegularText } from '../../adapters/system/regular-file.ts'
import { createSerialQueue } from '../../adapters/system/serial-queue.ts'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'
import type { StatusReport } from '../../core/status/status-report.ts'
import { MAX_SUMMARY_BYTES, parseSummary, type Summary } from '../../core/status/status-summary.ts'
import type { Looks } from './site-looks.ts'

const DEADLINE_MS = 10_000
const REREAD_MS = 500
/** The longest wait for a summary that is seldom written. */
const LONGEST_WAIT_MS = 30_000

/**
 * The summary that an updater has published for other accounts. A first look takes its age from the file's time, and the clocks of
 * two machines differ, so a summary that seems old is read again for two beats before it counts as stale ("no foreign clocks",
 * docs/design/rules.md).
 *
 * @throws UserError when the file cannot be read or understood now.
 */
export async function summaryLooks(file: string, clock: Clock, signal: AbortSignal): Promise<Looks> {
  const serialQueue = createSerialQueue(clock, DEADLINE_MS)
  let seen = { mark: '', ageMs: 0, at: clock.now() }
  let summary = await read()
  return {
    leaseMs: summary.leaseSeconds * 1_000,
    async once() {
      const until = clock.now() + Math.min(LONGEST_WAIT_MS, 2_000 * summary.everySeconds)
      while (isStale() && clock.now() < until && !signal.aborted) {
        await clock.sleep(REREAD_MS, signal)
        summary = await read()
      }
      return report([])
    },
    async again() {
      try {
        summary = await read()
        return report([])
      } catch (error) {
        return report([messageOf(error)])
      }
    },
  }

  async function read(): Promise<Summary> {
    const { text, modifiedMs } = await serialQueue
      .run(`read "${file}"`, async () => ({
        text: await readRegularText(file, MAX_SUMMARY_BYTES + 1),
        modifiedMs: (await stat(file)).mtimeMs,
      }))
      .catch(error => {
        throw new UserError(`Cannot read the summary ${file}: ${reason(error)}`, { cause: error })
      })
    const parsed = parseSummary(text)
    if ('problem' in parsed) throw new UserError(`Cannot read the summary ${file}: ${parsed.problem}`)
    const mark = `${parsed.beat} ${parsed.writtenAt}`
    const at = clock.now()
    if (seen.mark === '') seen = { mark, at, ageMs: Math.max(0, clock.date().getTime() - modifiedMs) }
    else if (seen.mark !== mark) seen = { mark, at, ageMs: 0 }
    return parsed
  }

  function ageMs(): number {
    return seen.ageMs + clock.now() - seen.at
  }

  function isStale(): boolean {
    return ageMs() >= summary.leaseSeconds * 1_000
  }

  function report(problems: readonly string[]): StatusReport {
    const { gateway, account, writtenAt, site, tiers, gateways, problems: reported } = summary
    const stale = `The summary was last written at ${writtenAt}: the updater of ${account} does not run, or cannot write; this is the state of that time`
    return {
      ...{ site, tiers, gateways, problems: [...problems, ...(isStale() ? [stale] : []), ...reported] },
      summary: { gateway, account, writtenAt, ageMs: Math.round(ageMs()), isStale: isStale() },
    }
  }
}

function reason(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'it does not exist; an updater publishes it once it runs'
  if (code === 'EACCES') return 'permission denied; other accounts need x on each directory of its path (chmod o+x)'
  return messageOf(error)
}
