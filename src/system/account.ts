import { execa } from 'execa'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** The account of a uid as the system's databases have it, LDAP included (getent(1)); undefined when they have none. */
export async function accountOf(uid: number, env: NodeJS.ProcessEnv): Promise<Account | undefined> {
  const bounds = { timeout: TIMEOUT_MS, maxBuffer: MOST_CHARACTERS } as const
  const options = { env, extendEnv: false, cwd: '/', reject: false, ...bounds } as const
  const result = await execa('getent', ['passwd', String(uid)], options)
  if (result.exitCode === NOT_FOUND) return undefined
  if (result.failed) throw new Error(`Cannot find the account of uid ${uid}: ${result.shortMessage}`, { cause: result })
  const [name = '', , , gid = '', , home = '/'] = String(result.stdout).split(':')
  return { name, uid, gid: Number(gid), home }
}

const NOT_FOUND = 2

// A directory service that is away answers after its own time-outs, or never.
const TIMEOUT_MS = 60_000
const MOST_CHARACTERS = 64 * 1024
