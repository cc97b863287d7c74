import type { Answer, Explanation, Interruption, RunAnswer } from './explain.ts'
import type { Line } from './one-run.ts'

/**
 * The explanation as lines for people: what happened, the evidence, what to do; then each other run in one line. The code of a
 * cause follows its sentence: docs/troubleshooting.md has an entry for it.
 */
export function explanationText({ job, tier, now, runs, interruptions, notFound }: Explanation): readonly string[] {
  const name = `Job ${job}${tier === null ? '' : ` (${tier})`}`
  const [first, ...others] = runs
  // For a waiting job the reason of the wait comes first, then the end of its last run.
  const [main, rest] = now === null ? [first, others] : [now, runs]
  return [
    ...(main === undefined
      ? [`${name}: nothing has ended yet`]
      : [`${name}${runOf(main)}: ${sentenceOf(main)}`, ...restOf(main)]),
    ...(interruptions.length === 0
      ? []
      : [
          '',
          'Engines that ended and served again, the last first (their answers broke off):',
          ...interruptions.map(brokenLine),
        ]),
    ...(rest.length === 0 ? [] : ['', 'Other runs, the last first:', ...rest.map(lineOf)]),
    ...(notFound.length === 0 ? [] : ['', 'Not found:', ...notFound.map(line => `  ${line}`)]),
  ]
}

function runOf(answer: Answer | RunAnswer): string {
  return 'restarts' in answer && answer.restarts > 0 ? `, run ${answer.restarts}` : ''
}

function restOf({ evidence, fix }: Answer): readonly string[] {
  return [
    ...(evidence.length === 0 ? [] : ['', 'What shows it:', ...evidenceLines(evidence)]),
    ...(fix === null ? [] : ['', 'What to do:', `  ${fix}`]),
  ]
}

/** Lines of one source stand under its name. */
function evidenceLines(evidence: readonly Line[]): readonly string[] {
  return [...Map.groupBy(evidence, line => line.source)].flatMap(([source, lines]) => [
    `  ${source}`,
    ...lines.map(line => `    ${line.text}`),
  ])
}

function brokenLine({ endpoint, at, ...answer }: Interruption): string {
  return `  ${[endpoint, at].filter(part => part !== null).join(', ')}: ${sentenceOf(answer)}`
}

function lineOf({ replica, restarts, endedAt, ...answer }: RunAnswer): string {
  return `  ${replica ?? `run ${restarts}`}${endedAt === null ? '' : `, ${endedAt}`}: ${sentenceOf(answer)}`
}

function sentenceOf({ what, cause }: Answer): string {
  return `${what} [${cause}]`
}
