import { type ListenAddress, overlaps } from '../../../core/domain/listen-address.ts'
import { openFiles, socketInode } from '../../system/open-files.ts'
import { type ListeningSocket, parseListening, readTcpTables } from '../../system/tcp-table.ts'

/**
 * The TCP sockets on which processes of ours listen, from their descriptors and the kernel's tables (proc(5)). The master's open
 * sockets, not a generation's files, show which addresses a reload has to open.
 */
export function listenersOf(...pids: readonly number[]): readonly ListeningSocket[] {
  const inodes = new Set(pids.flatMap(pid => [...openFiles(pid)].flatMap(({ link }) => socketInode(link) ?? [])))
  return inodes.size === 0 ? [] : allListeners().filter(({ inode }) => inodes.has(inode))
}

/** Sockets other than `held` that conflict with this address. */
export function othersOn(at: ListenAddress, held: readonly ListeningSocket[]): readonly ListeningSocket[] {
  const ours = new Set(held.map(({ inode }) => inode))
  return allListeners().filter(one => overlaps(one, at) && !ours.has(one.inode))
}

function allListeners(): readonly ListeningSocket[] {
  return readTcpTables().flatMap(parseListening)
}
