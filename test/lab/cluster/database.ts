import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { until } from '../../support/until.ts'
import { daemonPid, logTail, startDaemon } from './daemons.ts'

const DATA = '/run/lab/mariadb'
/** Nobody but root comes into the directory. */
export const DATABASE_SOCKET = `${DATA}/socket`

/** The tables lie in memory, so the log that makes them outlive a crash may be as small as it goes. */
const SERVER = [
  ...['--no-defaults', '--user=root', `--datadir=${DATA}`, '--skip-name-resolve', '--performance-schema=OFF'],
  ...['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=8M', '--innodb-flush-log-at-trx-commit=0'],
] as const

/** The MariaDB that slurmdbd keeps its accounts in. Who reaches the socket may do everything: there are no passwords. */
export async function startDatabase(): Promise<void> {
  await mkdir(DATA, { recursive: true, mode: 0o700 })
  // slurmdbd would make its database itself, but libmariadb 3.4.10 refuses every answer on a handle whose first
  // connect failed, with "execeeds maxmimum allowed number of columns (=0)", and Slurm 26.05 goes on with that handle.
  const tables = `CREATE DATABASE slurm_acct_db;\nCREATE DATABASE mysql;\nUSE mysql;\n${await systemTables()}`
  await execa('mariadbd', [...SERVER, '--bootstrap'], { input: tables })
  const argv = [...SERVER, '--skip-grant-tables', '--skip-networking', `--socket=${DATABASE_SOCKET}`]
  await startDaemon({ name: DATABASE, argv: ['mariadbd', ...argv] })
  await until('an answer of MariaDB', greets, { timeoutMs: 30_000, intervalMs: 20 }).catch(async cause => {
    throw new Error(`Cannot start MariaDB: ${cause.message}\n${await logTail(DATABASE, 15)}`, { cause })
  })
}

const DATABASE = 'mariadbd'

/** mariadb-install-db would read the same file, but wants programs of two more packages. */
async function systemTables(): Promise<string> {
  // The name since MariaDB 11, and the one before.
  const paths = ['/usr/share/mariadb/mariadb_system_tables.sql', '/usr/share/mysql/mysql_system_tables.sql']
  return readFile(paths.find(path => existsSync(path)) ?? join('', ...paths), 'utf8')
}

/** A server that is ready speaks first. */
async function greets(): Promise<boolean> {
  if ((await daemonPid(DATABASE)) === undefined) throw new Error('mariadbd has ended')
  return new Promise((resolve, reject) => {
    const socket = connect(DATABASE_SOCKET)
    socket.once('data', () => resolve(true)).once('data', () => socket.destroy())
    socket.once('error', reject)
  })
}
