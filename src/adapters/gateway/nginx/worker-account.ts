import { readFile } from 'node:fs/promises'
import { type Account, accountOf, groupOf } from '../../system/account.ts'

/** The account of nginx's workers, which read clients' requests; its master stays root. */
export interface WorkerAccount {
  readonly user: string
  readonly group: string
  /** The name of the group. */
  readonly gid: number
}

/** The texts of `status`, `uid_map` and `gid_map` in /proc/self. */
export interface Powers {
  readonly status: string
  readonly uidMap: string
  readonly gidMap: string
}

/**
 * The account for the workers of an nginx that root starts in a directory of `owner`: that account, or `nobody` if the owner is
 * root. It is root itself where root cannot become another account or read its processes, as in some containers, and where
 * accounts cannot be looked up; otherwise there would be no gateway.
 */
export async function findWorkerAccount(owner: number): Promise<WorkerAccount> {
  const account = await accountOf(owner === 0 ? 'nobody' : owner, ENVIRONMENT).catch(() => undefined)
  if (account === undefined || !canRunAs(account, await readPowers())) return ROOT
  const group = await groupOf(account.gid, ENVIRONMENT).catch(() => undefined)
  return group === undefined ? ROOT : { user: account.name, group, gid: account.gid }
}

/**
 * Whether root can start workers as this account and read their /proc, from which an updater learns their generation. Without
 * CAP_SYS_PTRACE, which a container may lack, root cannot read another account's processes (ptrace(2)), and in a user namespace
 * root cannot become every account.
 */
export function canRunAs({ uid, gid }: Pick<Account, 'uid' | 'gid'>, { status, uidMap, gidMap }: Powers): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return NEEDED.every(bit => (effective >> bit) & 1n) && isMapped(uid, uidMap) && isMapped(gid, gidMap)
}

/** Lines of user_namespaces(7): first id inside, first id outside, count. */
function isMapped(id: number, map: string): boolean {
  return map.split('\n').some(line => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number)
    return id >= first && id < first + count
  })
}

async function readPowers(): Promise<Powers> {
  const read = (name: string) => readFile(`/proc/self/${name}`, 'utf8')
  const [status, uidMap, gidMap] = await Promise.all([read('status'), read('uid_map'), read('gid_map')])
  return { status, uidMap, gidMap }
}

// Root does not use the PATH of its environment to find programs.
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

const ROOT: WorkerAccount = { user: 'root', group: 'root', gid: 0 }

// capability.h: CAP_CHOWN, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE.
const NEEDED = [0n, 6n, 7n, 19n]
