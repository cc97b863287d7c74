import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { FLAVOURS } from '../test/lab/cluster/flavours.ts'

/** What `npm run lab:test -- FILE… [--flavour=NAME] [-t TITLE]` asks for. */
export interface LabTest {
  readonly flavour: string
  /** Below test/lab/. */
  readonly files: readonly string[]
  /** Only tests whose title has it; undefined: all of them. */
  readonly title: string | undefined
}

/**
 * `path`, `path.test.ts` and `test/lab/jobs/path.test.ts` name the same file.
 *
 * @param labFiles the tests below test/lab/, such as `jobs/path.test.ts`
 * @throws Error in words, for what is not there
 */
export function readLabTest(argv: readonly string[], labFiles: readonly string[]): LabTest {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { flavour: { type: 'string', default: 'sid' }, title: { type: 'string', short: 't' } },
    allowPositionals: true,
  })
  if (!Object.hasOwn(FLAVOURS, values.flavour)) {
    throw new Error(`Cannot make a lab "${values.flavour}": write one of ${Object.keys(FLAVOURS).join(', ')}`)
  }
  const names = labFiles.map(nameOf).toSorted().join(', ')
  if (positionals.length === 0) throw new Error(`Cannot run a lab test without its file: write one of ${names}`)
  const files = positionals.map(given => {
    const found = labFiles.find(file => nameOf(file) === nameOf(given))
    if (found === undefined) throw new Error(`Cannot find the lab test "${given}": write one of ${names}`)
    return found
  })
  return { flavour: values.flavour, files, title: values.title }
}

function nameOf(file: string): string {
  return basename(file).replace(/\.test\.ts$/, '')
}

/** The arguments of Node that make the lab and run the tests in it. */
export function labTestArguments({ flavour, files, title }: LabTest): readonly string[] {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'lab']
  const only = title === undefined ? [] : ['-t', title]
  const tests = files.map(file => `test/lab/${file}`)
  return ['test/lab/main.ts', `--flavour=${flavour}`, '--', process.execPath, ...vitest, ...tests, ...only]
}
