import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Context } from '../core/context.ts'
import type { StatusReport } from '../core/status/status-report.ts'
import { type StatusTextOptions, statusLines, statusText } from '../core/status/status-text.ts'
import { fitScreen } from '../core/text/fit-screen.ts'
import { printJson } from '../core/text/line-printer.ts'
import { printableLine } from '../core/text/printable-text.ts'
import { openLooks } from './site/open-looks.ts'
import { LOOK_MS } from './site/site-looks.ts'

export interface StatusOptions extends ConfigOptions {
  readonly json?: boolean
  /** Look again and again until Ctrl-C. */
  readonly watch?: boolean
  /** A summary of an updater, instead of the site itself. */
  readonly summary?: string
}

/** `sluice status`: the current state. An unknown part is reported and is not a failure. */
export async function status(options: StatusOptions, context: Context): Promise<void> {
  const looks = await openLooks(options, context)
  const text: StatusTextOptions = { time: localTime, leaseMs: looks.leaseMs }
  if (options.watch !== true) {
    const report = await looks.once()
    if (options.json === true) return printJson(context.print, report)
    for (const line of statusText(report, text)) context.print(line)
    return
  }
  const show = options.json === true ? showJson : context.terminal === undefined ? showChanges(text) : showScreen(text)
  while (!context.signal.aborted) {
    show(await looks.again(), context)
    await systemClock.sleep(LOOK_MS, context.signal)
  }
}

type Show = (report: StatusReport, context: Context) => void

const showJson: Show = (report, { print }) => print(JSON.stringify(report))

/** Redraws. */
function showScreen(options: StatusTextOptions): Show {
  return (report, { print, terminal }) => {
    const lines = fitScreen(statusText(report, options).map(printableLine), {
      columns: terminal?.columns ?? 80,
      rows: terminal?.rows ?? 1_000,
    })
    terminal?.clear()
    for (const line of lines) print(line)
  }
}

/** A line for each replica that is new, has changed or has gone. */
function showChanges(options: StatusTextOptions): Show {
  let before: ReadonlyMap<string, string> = new Map()
  let isFirst = true
  let problems: readonly string[] = []
  return (report, { print }) => {
    if (isFirst && report.summary !== undefined) print(statusText(report, options)[0] ?? '')
    isFirst = false
    const lines = statusLines(report, options)
    for (const [key, line] of lines) if (before.get(key) !== line) print(line)
    for (const key of before.keys()) if (!lines.has(key)) print(`${key}  gone`)
    for (const problem of report.problems) if (!problems.includes(problem)) print(problem)
    before = lines
    problems = report.problems
  }
}

/** `2026-01-31 12:00:00` in the local time zone. */
function localTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1_000)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
