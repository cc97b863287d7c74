import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import { errorText, NOTHING_RUN, type StepReport } from './step-report.ts'

type ThrownErrors = readonly Parameters<typeof errorText>[0][]

/**
 * A reporter of vitest's that writes a StepReport to $VITEST_STEP_REPORT after every file and every failure, so that a
 * run that is killed leaves what it knew. Hooks that fail, files that cannot be read and errors outside of tests count.
 */
export default class StepReporter implements Reporter {
  #report: StepReport = NOTHING_RUN

  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result()
    if (state === 'passed') this.#report = { ...this.#report, passed: this.#report.passed + 1 }
    if (state === 'skipped') this.#report = { ...this.#report, skipped: this.#report.skipped + 1 }
    if (state === 'failed') this.#fail(`${test.module.relativeModuleId} > ${test.fullName}`, errors)
  }

  onTestSuiteResult(suite: TestSuite): void {
    if (suite.errors().length > 0) this.#fail(`${suite.module.relativeModuleId} > ${suite.fullName}`, suite.errors())
  }

  onTestModuleEnd(module: TestModule): void {
    const name = module.relativeModuleId
    this.#report = { ...this.#report, files: [...this.#report.files, { name, ms: module.diagnostic().duration }] }
    if (module.errors().length > 0) this.#fail(name, module.errors())
    this.#write()
  }

  onTestRunEnd(_: readonly TestModule[], unhandled: ThrownErrors): void {
    for (const error of unhandled) this.#fail('outside of any test', [error])
    this.#write()
  }

  #fail(name: string, errors: ThrownErrors): void {
    const error = errors.map(errorText).join('\n')
    this.#report = {
      ...this.#report,
      failed: this.#report.failed + 1,
      failures: [...this.#report.failures, { name, error }],
    }
    this.#write()
  }

  #write(): void {
    const file = process.env['VITEST_STEP_REPORT']
    if (file === undefined) return
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, JSON.stringify(this.#report))
    renameSync(`${file}.new`, file)
  }
}
