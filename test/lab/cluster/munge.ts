import { randomBytes } from 'node:crypto'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import { until } from '../../support/until.ts'
import { startDaemon } from './daemons.ts'

/** One munged for every machine of the lab: they share its socket as they share the filesystem. */
export async function startMunge(): Promise<void> {
  const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')])
  await writeFile('/etc/munge/munge.key', randomBytes(128), { mode: 0o400 })
  for (const directory of ['/etc/munge', '/run/munge', '/var/lib/munge', '/var/log/munge']) {
    await mkdir(directory, { recursive: true })
    await chown(directory, uid, gid)
  }
  await chown('/etc/munge/munge.key', uid, gid)
  const asMunge = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'] as const
  await startDaemon({ name: 'munged', argv: [...asMunge, 'munged', '--foreground'] })
  await until('an answer of munged', () => execa('munge', ['--no-input']), { timeoutMs: 10_000, intervalMs: 20 })
}

async function idOf(flag: '-u' | '-g'): Promise<number> {
  const { stdout } = await execa('id', [flag, 'munge'])
  return Number(stdout)
}
