import { execa } from 'execa'

/** The Unix accounts of the site and their uid, which is their gid too. */
export const ACCOUNTS = {
  /** Sluice: owns its jobs, its daemons and the shared directory. */
  ai: 2001,
  /** Those whose GPUs they are: their jobs preempt. */
  vasp: 2002,
} as const

export type Account = keyof typeof ACCOUNTS

export async function makeAccounts(): Promise<void> {
  for (const [name, id] of Object.entries(ACCOUNTS)) {
    await execa('groupadd', [`--gid=${id}`, name])
    await execa('useradd', [`--uid=${id}`, `--gid=${id}`, '--create-home', '--shell=/bin/bash', name])
  }
}
