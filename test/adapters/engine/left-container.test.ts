import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createEngineEffects } from '../../../src/adapters/engine/engine-effects.ts'
import { identify } from '../../../src/adapters/system/processes.ts'
import { ENGINES } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'
import { until } from '../../support/until.ts'

const WAIT = { timeoutMs: 10_000 }
const directory = await mkdtemp(join(tmpdir(), 'sluice-podman-'))
/** No lab that runs beside this test has an endpoint of that name. */
const id = `test-${process.pid}-0-0`
const store = join(directory, 'store')

/**
 * As podman does: the container is no child of the client, has a session of its own, only the environment that it was
 * given, and stays when the client is killed.
 */
const PODMAN = `#!/bin/sh
echo "$@" >> "$PODMANHPC_STORE/calls"
case $1 in
run)
  while [ "$1" != --name ]; do shift; done
  setsid env -i /bin/sleep 600 </dev/null >/dev/null 2>&1 &
  echo $! > "$PODMANHPC_STORE/$2"
  exec sleep 600 ;;
kill) kill -KILL "$(cat "$PODMANHPC_STORE/$2")" ;;
rm) rm "$PODMANHPC_STORE/$4" ;;
esac
`

it('ends a container that outlives its client, which no marker would find', async () => {
  await mkdir(join(directory, 'bin'))
  await mkdir(store)
  await writeFile(join(directory, 'bin/podman-hpc'), PODMAN)
  await chmod(join(directory, 'bin/podman-hpc'), 0o755)
  const engine = createEngineEffects({
    ...{ engine: ENGINES['llama.cpp'], self: [], marker: `SLUICE_ENDPOINT=${id}`, scratch: directory, node: 'n' },
    env: { PATH: `${directory}/bin:${process.env['PATH']}`, PODMANHPC_STORE: store },
    spec: { ...spec, container: { runtime: 'podman-hpc', image: 'a/b:c', mounts: [], args: [] } },
    logName: 'engine',
  })
  expect(await engine.preflight()).toBeUndefined()
  const running = await engine.start()
  const pidFile = join(store, `sluice-${id}`)
  const pid = Number(
    await until('the container', async () => (await readFile(pidFile, 'utf8').catch(() => '')).trim(), WAIT),
  )
  expect(await identify(pid)).toBeDefined()

  expect(await running.stop()).toEqual([])
  expect(await identify(pid)).toBeUndefined()
  expect(await readdir(store)).toEqual(['calls'])
  const calls = (await readFile(join(store, 'calls'), 'utf8')).trim().split('\n')
  expect(calls.slice(1)).toEqual([`kill sluice-${id}`, `rm --force --ignore sluice-${id}`])
})
