import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fingerprintOf } from '../../src/core/domain/engine-key.ts'
import { endpoint } from './endpoint.ts'
import { recordedContext } from './recorded-context.ts'

export const KEY = 'a'.repeat(40)
const NGINX = `#!/bin/sh
echo "nginx version: nginx/1.24.0
configure arguments: --prefix=/etc/nginx --http-log-path=/var/log/nginx/access.log" >&2
`

/**
 * A site whose gateway serves one endpoint, by its routes file: a private nginx does not run, and what the system's runs is
 * for root to say. There is no squeue.
 */
export async function openGatewaySite(nginx: 'private' | 'system') {
  const home = await mkdtemp(join(tmpdir(), 'sluice-look-'))
  const shared = join(home, 'shared')
  for (const name of ['endpoints', 'beats', 'routes', 'keys']) await mkdir(join(shared, name), { recursive: true })
  const key = fingerprintOf(KEY)
  await writeFile(join(shared, 'keys', key), `${KEY}\n`, { mode: 0o600 })
  await writeFile(join(shared, 'endpoints', `${endpoint.id}.json`), JSON.stringify({ ...endpoint, key }))
  const routes = { version: 1, gateway: 'main', beat: 1, generation: 3, tiers: { fast: [endpoint.id] } }
  await writeFile(join(shared, 'routes/main.json'), JSON.stringify(routes))
  await writeFile(join(home, 'nginx'), NGINX)
  await chmod(join(home, 'nginx'), 0o755)
  await writeFile(
    join(home, 'sluice.yaml'),
    `site: here
shared: ${shared}
runtime: /cluster/shared/sluice
gateway: { nginx: ${nginx}, networks: [10.0.0.0/24], state: ${home}/state }
tiers:
  fast: { engine: demo, path: / }
  slow: { engine: demo, path: /slow/ }
`,
  )
  const codes: number[] = []
  const context = recordedContext({
    ...{ cwd: home, env: { PATH: home, TMPDIR: home }, endWith: code => void codes.push(code) },
  })
  return { home, shared, context, codes }
}
