import { readFile } from 'node:fs/promises'
import { type Account, accountOf, groupOf } from '../../system/account.ts'

/** Whom nginx's workers run as, which read what clients send; its master stays root. */
export interface WorkerAccount {
  readonly user: string
  readonly group: string
  /** Of the group. */
  readonly gid: number
}

/** What a process has of /proc/self: `status`, `uid_map` and `gid_map`. */
export interface Powers {
  readonly status: string
  readonly uidMap: string
  readonly gidMap: string
}

/**
 * The account for the workers of an nginx that root starts in a directory of `owner`: that one, or nobody where it is root.
 * Root itself, where root could not look at the workers of another account or become it, as in some containers, and where
 * nothing tells of accounts: that is no reason to be without a gateway.
 */
export async function findWorkerAccount(owner: number): Promise<WorkerAccount> {
  const account = await accountOf(owner === 0 ? 'nobody' : owner, ENVIRONMENT).catch(() => undefined)
  if (account === undefined || !canRunAs(account, await readPowers())) return ROOT
  const group = await groupOf(account.gid, ENVIRONMENT).catch(() => undefined)
  return group === undefined ? ROOT : { user: account.name, group, gid: account.gid }
}

/**
 * Whether root may start workers as this account and go on looking into them, as an updater does to see which generation
 * they run: without CAP_SYS_PTRACE, which a container may lack, it sees nothing of another account's (ptrace(2)), and in a user
 * namespace it may not be every account.
 */
export function canRunAs({ uid, gid }: Pick<Account, 'uid' | 'gid'>, { status, uidMap, gidMap }: Powers): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return NEEDED.every(bit => (effective >> bit) & 1n) && isMapped(uid, uidMap) && isMapped(gid, gidMap)
}

/** Lines of user_namespaces(7): first inside, first outside, how many. */
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

// What root runs is not looked for on whatever PATH it was started with.
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

const ROOT: WorkerAccount = { user: 'root', group: 'root', gid: 0 }

// capability.h: CAP_CHOWN, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE.
const NEEDED = [0n, 6n, 7n, 19n]
