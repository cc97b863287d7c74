import { chown, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ACCOUNTS, type Account } from '../cluster/accounts.ts'

/** Puts a file there as an account does: beside its place first, whole and the account's own from its first moment. */
export async function writeAs(account: Account, path: string, content: string | Buffer): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.tmp`)
  await writeFile(beside, content)
  await chown(beside, ACCOUNTS[account], ACCOUNTS[account])
  await rename(beside, path)
}
