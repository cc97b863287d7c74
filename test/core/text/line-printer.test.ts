import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { configCheck } from '../../../src/commands/config-check.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'
import { linePrinter } from '../../../src/core/text/line-printer.ts'
import { EXAMPLE } from '../../support/example-config.ts'
import { recordedContext } from '../../support/recorded-context.ts'

it("prints a file's name without what a terminal obeys, and as JSON as it is", async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-text-'))
  const config = 'a\u001b[2J\u009b31m\u202e.yaml'
  await writeFile(join(cwd, config), EXAMPLE)
  const context = recordedContext({ cwd })
  await configCheck({ config }, context)
  expect(context.printed).toEqual(['a\\u009b31m\\u202e.yaml: ok (2 tiers: fast, reasoning)'])

  const other = recordedContext({ cwd })
  await configCheck({ config, json: true }, other)
  expect(JSON.parse(other.printed.join('\n'))).toEqual({ file: config, ok: true, problems: [] })
})

it.each([
  ['a line feed', 'a\nfast: 2 ready', 'a\\nfast: 2 ready\n'],
  ['a return and a line feed', 'a\r\nfast: 2 ready', 'a\\nfast: 2 ready\n'],
  ['what Unicode calls ends', 'a\u2028b\u2029c\u0085d', 'a\\u2028b\\u2029c\\u0085d\n'],
  ['the end that a program put there', 'a\n', 'a\n'],
])('makes one line of one, with %s in it', (_, line, expected) => {
  let written = ''
  linePrinter({ write: text => (written += text) })(line)
  expect(written).toBe(expected)
})

it('shows a problem of a file whose name has a line feed as one line', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-text-'))
  const config = 'a\nb.yaml: ok (1 tier: fast)'
  await writeFile(join(cwd, config), 'site: [\n')
  const error = await configCheck({ config }, recordedContext({ cwd })).catch((caught: unknown) => caught)
  const context = recordedContext()
  expect(error).toBeInstanceOf(UserError)
  for (const line of (error as UserError).lines) context.warn(line)
  expect(context.warned.join('\n')).not.toMatch(/^b\.yaml/m)
})
