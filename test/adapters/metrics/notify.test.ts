import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { notify } from '../../../src/adapters/metrics/notify.ts'

const change = { site: 'beefcake2', gateway: 'main', tier: 'fast', event: 'down' } as const

it('informs the command by its environment and its standard input', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-test-')), 'said')
  const script = 'echo "$SLUICE_SITE $SLUICE_GATEWAY $SLUICE_TIER $SLUICE_EVENT" > "$0"; cat >> "$0"'
  expect(await notify(['sh', '-c', script, file], change)).toBeUndefined()
  expect(await readFile(file, 'utf8')).toBe(`beefcake2 main fast down\n${JSON.stringify(change)}\n`)
})

it.each([
  ['fails', ['sh', '-c', 'exit 3'], /^Cannot notify: Command failed with exit code 3/],
  ['does not exist', ['/does/not/exist'], /^Cannot notify: .*ENOENT/],
  ['does not read its input', ['true'], undefined],
])('says so when the command %s', async (_, command, trouble) => {
  const said = await notify(command, change)
  if (trouble === undefined) expect(said).toBeUndefined()
  else expect(said).toMatch(trouble)
})
