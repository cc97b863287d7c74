import { chown, writeFile } from 'node:fs/promises'
import { ACCOUNTS, type Account } from './accounts.ts'

/** Writes a file that belongs to an account, as if it had written it. */
export async function writeAs(account: Account, path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content)
  await chown(path, ACCOUNTS[account], ACCOUNTS[account])
}
