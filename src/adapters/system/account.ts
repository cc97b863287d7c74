import { execa } from 'execa'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** The account of a uid or a name in the system's databases, LDAP included (getent(1)); undefined if there is none. */
export async function accountOf(who: number | string, env: NodeJS.ProcessEnv): Promise<Account | undefined> {
  const [name = '', , uid, gid, , home = '/'] = (await lookUp('passwd', who, env)) ?? []
  return name === '' ? undefined : { name, uid: Number(uid), gid: Number(gid), home }
}

/** The name of a group, in the same way. */
export async function groupOf(gid: number, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return (await lookUp('group', gid, env))?.[0]
}

async function lookUp(
  database: 'passwd' | 'group',
  key: number | string,
  env: NodeJS.ProcessEnv,
): Promise<string[] | undefined> {
  const bounds = { timeout: TIMEOUT_MS, maxBuffer: MOST_CHARACTERS } as const
  const options = { env, extendEnv: false, cwd: '/', reject: false, ...bounds } as const
  const result = await execa('getent', [database, String(key)], options)
  if (result.exitCode === NOT_FOUND) return undefined
  if (result.failed) throw new Error(`Cannot find ${key} in ${database}: ${result.shortMessage}`, { cause: result })
  return String(result.stdout).split(':')
}

const NOT_FOUND = 2

// A directory service that does not work answers after its own time-outs, or never.
const TIMEOUT_MS = 60_000
const MOST_CHARACTERS = 64 * 1024
