import { randomBytes } from 'node:crypto'
import { link, lstat, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, reasonOf } from '../../core/domain/caught.ts'
import { fingerprintOf, parseKey } from '../../core/domain/engine-key.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { readOwnFile } from './read-own-file.ts'

/** The key for engines that start from now on. A new file (by rename) does not affect running engines. */
export function siteKeyFile(shared: string): string {
  return join(shared, 'site.key')
}

/** Bytes; the longest key takes an eighth of it. */
const MAX_KEY_BYTES = 1024

/**
 * The key for an engine that is about to start, from `site.key`, which is created once if it is missing. The key is also kept in
 * `keys/`, so that an updater finds it later when `site.key` has another.
 *
 * @throws when the file has no key or belongs to another account, or the filesystem fails.
 */
export async function readOrCreateSiteKey(shared: string): Promise<string> {
  const path = siteKeyFile(shared)
  const key = readKey(path) ?? (await makeKey(path))
  await keep(shared, key)
  return key
}

/**
 * The key of this fingerprint; undefined when it is not kept here.
 *
 * @throws when the file has another key, or the filesystem fails.
 */
export function readKeptKey(shared: string, fingerprint: string): string | undefined {
  const path = keptKeyFile(shared, fingerprint)
  const key = readKey(path)
  if (key === undefined || fingerprintOf(key) === fingerprint) return key
  throw new Error(`Cannot use "${path}": its key does not match its name`)
}

/** The file's owner and mode, and in words why engines get no key from it; undefined: there is none yet. */
export async function inspectSiteKey(shared: string) {
  const path = siteKeyFile(shared)
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return undefined
  const { uid: ownerUid, mode } = found
  try {
    readKey(path)
    return { ownerUid, mode, unusable: undefined }
  } catch (error) {
    return { ownerUid, mode, unusable: messageOf(error) }
  }
}

/** A file in its place is replaced, because only this key can have this name. */
async function keep(shared: string, key: string): Promise<void> {
  const path = keptKeyFile(shared, fingerprintOf(key))
  const read = readOwnFile(path, MAX_KEY_BYTES)
  if (read.kind === 'text' && parseKey(read.text) === key) return
  await mkdir(registryDirectories(shared).keys, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await writeAtomic(path, `${key}\n`, { mode: 0o600 })
}

/** Undefined when there is no such file. */
function readKey(path: string): string | undefined {
  const read = readOwnFile(path, MAX_KEY_BYTES)
  if (read.kind === 'absent') return undefined
  const key = read.kind === 'text' ? parseKey(read.text) : undefined
  if (key !== undefined) return key
  const found = read.kind === 'problem' ? read.problem : 'it holds no key'
  throw new Error(`Cannot use "${path}": ${found}; ${WHAT_IT_HOLDS}`)
}

function keptKeyFile(shared: string, fingerprint: string): string {
  return join(registryDirectories(shared).keys, fingerprint)
}

/** Written beside its place and linked there, so that a second process finds the link and the whole key in it. */
async function makeKey(path: string): Promise<string> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(`${randomBytes(KEY_BYTES).toString('hex')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(beside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } catch (cause) {
    throw new Error(`Cannot make "${path}": ${reasonOf(cause)}; ${WHAT_IT_HOLDS}`, { cause })
  } finally {
    await rm(beside, { force: true })
  }
  const key = readKey(path)
  if (key === undefined) throw new Error(`Cannot make "${path}": it was removed again`)
  return key
}

const KEY_BYTES = 32

const WHAT_IT_HOLDS = 'write one line of 32 to 128 letters, digits, - or _ there, mode 0600'
