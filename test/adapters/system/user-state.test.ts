import { chown, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { stateDirectory } from '../../../src/adapters/system/user-state.ts'

/** Root's is /var/lib/sluice anyway. */
const uid = process.getuid?.() || 1000
const env = { HOME: '/home/ai' }

it('is the StateDirectory of the unit, or that of the account', async () => {
  const unitDirectory = await mkdtemp(join(tmpdir(), 'sluice-state-'))
  expect(stateDirectory('here', { ...env, STATE_DIRECTORY: '/var/lib/sluice' }, { uid: 1000 })).toBe(
    '/var/lib/sluice/here',
  )
  expect(stateDirectory('here', env, { uid: 0 })).toBe('/var/lib/sluice/here')
  expect(stateDirectory('here', env, { uid: 1000, unitDirectory })).toBe('/home/ai/.local/state/sluice/here')
  expect(stateDirectory('here', { ...env, XDG_STATE_HOME: '/state' }, { uid: 1000, unitDirectory })).toBe(
    '/state/sluice/here',
  )
})

it('is the unit’s also in a shell of the account that owns it, which has no STATE_DIRECTORY', async () => {
  const unitDirectory = await mkdtemp(join(tmpdir(), 'sluice-state-'))
  await mkdir(join(unitDirectory, 'here'))
  await chown(join(unitDirectory, 'here'), uid, process.getgid?.() ?? 0)
  expect(stateDirectory('here', env, { uid, unitDirectory })).toBe(join(unitDirectory, 'here'))
  expect(stateDirectory('here', env, { uid: uid + 1, unitDirectory })).toBe('/home/ai/.local/state/sluice/here')
})
