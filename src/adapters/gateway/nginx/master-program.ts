import { type FileHandle, open, readFile, readlink } from 'node:fs/promises'
import { untrustedWriter, writerOf } from '../../system/untrusted-writer.ts'
import { type NginxProcess, readAgain } from './nginx-processes.ts'

/** The program of a master, open: the descriptor runs the checked file even if it is replaced meanwhile. */
export interface MasterProgram {
  readonly fd: number
  /** The -c and -p with which it was started: they decide which configuration its reload reads. */
  readonly places: readonly string[]
  close(): Promise<void>
}

/**
 * Opens the program of the process, even if a package has replaced its file since. A title and a pid file are not proof, because
 * another account can write both. So the process must belong to our own account. If that is root, only root may be able to write
 * the program, and it must not be setuid or setgid (with such a program any account can create a process of root with a title of
 * its choice).
 *
 * @throws when that does not hold, and when the process ended meanwhile.
 */
export async function openMasterProgram(master: NginxProcess): Promise<MasterProgram> {
  const path = `/proc/${master.pid}/exe`
  const handle = await open(path, 'r').catch(cause => {
    throw new Error(`Cannot run the program of nginx's master ${master.pid}: it ended, or is another account's`, {
      cause,
    })
  })
  try {
    const uid = process.geteuid?.() ?? 0
    if (!(await isOfAccount(master.pid, uid))) refuse(master, `it is not a process of uid ${uid}`)
    if (uid === 0) await refuseForeignProgram(master, handle)
    // ngx_setproctitle.c: the title has what it was started with.
    const title = await readFile(`/proc/${master.pid}/cmdline`, 'latin1')
    const places = [...title.matchAll(/ (-[cp]) ?([^\s\0]+)/g)].flatMap(([, flag = '', place = '']) => [flag, place])
    await refuseOtherProgram(master, handle)
    if (readAgain(master) === undefined) refuse(master, 'it ended meanwhile')
    return { fd: handle.fd, places, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Real, effective, saved and file system uid all equal this one, proc(5): a setuid program has two. */
export async function isOfAccount(pid: number, uid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') // it ended
  const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/)
  return uids?.length === 4 && uids.every(one => Number(one) === uid)
}

async function refuseForeignProgram(master: NginxProcess, handle: FileHandle): Promise<void> {
  const found = await handle.stat()
  if (found.uid !== 0) refuse(master, `its program belongs to uid ${found.uid}`)
  const writer = writerOf(found)
  if (writer !== undefined) refuse(master, `${writer} may write its program`)
  if (found.mode & SET_ID) refuse(master, 'its program is setuid or setgid')
  const path = (await readlink(`/proc/${master.pid}/exe`)).replace(/ \(deleted\)$/, '')
  const foreign = await untrustedWriter(path)
  if (foreign !== undefined) refuse(master, `${foreign.writer} may write "${foreign.path}"`)
}

/** A process keeps its pid and its start when it executes another program. */
async function refuseOtherProgram(master: NginxProcess, handle: FileHandle): Promise<void> {
  const again = await open(`/proc/${master.pid}/exe`, 'r')
  const [now, then] = await Promise.all([again.stat(), handle.stat()]).finally(() => again.close())
  if (now.ino !== then.ino || now.dev !== then.dev) refuse(master, 'it runs another program now')
}

function refuse(master: NginxProcess, why: string): never {
  throw new Error(`Cannot take process ${master.pid} for nginx's master: ${why}`)
}

const SET_ID = 0o6000
