import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { configCheck } from '../../src/commands/config-check.ts'
import { EXAMPLE } from '../config/example.ts'
import { recordedContext } from './recorded-context.ts'

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
