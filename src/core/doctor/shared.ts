import { type DoctorFinding, ok, unknown } from './doctor-finding.ts'
import type { SharedFacts } from './facts.ts'

export function examineShared(facts: SharedFacts): readonly DoctorFinding[] {
  const { found, path, trial } = facts
  if ('unreadable' in found) {
    const fix = 'mount it here, or correct `shared` in sluice.yaml'
    return [{ id: 'shared.directory', level: 'problem', what: `Cannot look at "${path}": ${found.unreadable}`, fix }]
  }
  if (!found.isDirectory) {
    const fix = 'correct `shared` in sluice.yaml'
    return [{ id: 'shared.directory', level: 'problem', what: `"${path}" is not a directory`, fix }]
  }
  const access = [
    ...owner(found.ownerUid, facts),
    permissions(found.mode, path),
    ...(found.ownerUid === facts.uid ? [summary(found.mode, path)] : []),
    space(found),
    ...inodes(found),
    // For another account the owner of the directory is reported already.
    ...(found.ownerUid === facts.uid ? siteKey(facts) : []),
  ]
  if ('failed' in trial) {
    if (found.ownerUid !== facts.uid) return access // another account need not write there
    const what = `Cannot write in "${path}": ${trial.failed}`
    const fix = writeCure(trial.code, found, facts)
    return [...access, { id: 'shared.write', level: 'problem', what, why: 'Nothing can be published', fix }]
  }
  return [...access, ...identity(trial.ownerUid, facts), visibility(trial.visibleMs), events(found, trial.eventMs)]
}

function owner(ownerUid: number, { uid, path }: SharedFacts): readonly DoctorFinding[] {
  if (ownerUid === uid) return [ok('shared.owner', `"${path}" is ours (uid ${uid})`)]
  return [
    {
      id: 'shared.owner',
      level: 'problem',
      what: `"${path}" belongs to uid ${ownerUid}, and this is uid ${uid}`,
      why: 'One account owns the jobs, the updater and the shared directory; files of others are refused',
      fix: 'run sluice as the owner, or chown the directory to the account that runs it',
    },
  ]
}

function permissions(mode: number, path: string): DoctorFinding {
  const shown = (mode & 0o7777).toString(8).padStart(4, '0')
  if ((mode & 0o002) === 0) return ok('shared.permissions', `Other accounts cannot write there (mode ${shown})`)
  return {
    id: 'shared.permissions',
    level: 'problem',
    what: `Every account can write in "${path}" (mode ${shown})`,
    why: 'Every account could replace the directories in it, and so decide what nginx reaches',
    fix: `chmod o-w ${path}`,
  }
}

function summary(mode: number, path: string): DoctorFinding {
  if ((mode & 0o001) !== 0)
    return ok('shared.summary', 'Other accounts may enter, and sluice status shows them a summary')
  return {
    id: 'shared.summary',
    level: 'note',
    what: 'Other accounts may not enter, so sluice status shows them nothing',
    why: 'The updater publishes a summary for them in status/; they cannot read the other files',
    fix: `chmod o+x ${path}`,
  }
}

/** Beats and logs are small. A full filesystem withdraws no endpoint, but new ones cannot be published. */
const LITTLE_BYTES = 1024 ** 3

type Filesystem = Exclude<SharedFacts['found'], { unreadable: string }>

function space({ freeBytes, mountPoint }: Filesystem): DoctorFinding {
  const what = `${freeWords(freeBytes)} are free`
  if (freeBytes >= LITTLE_BYTES) return ok('shared.space', what)
  return {
    id: 'shared.space',
    level: 'warning',
    what: `${what} on the filesystem at ${mountPoint}`,
    why: `On a full filesystem no endpoint can be published; ${freeWords(LITTLE_BYTES)} should be free`,
    fix: `make room there (df -h ${mountPoint})`,
  }
}

function inodes({ freeInodes, mountPoint }: Filesystem): readonly DoctorFinding[] {
  if (freeInodes === undefined || freeInodes >= FEW_INODES) return []
  return [
    {
      id: 'shared.inodes',
      level: 'warning',
      what: `The filesystem at ${mountPoint} has room for ${freeInodes} more files`,
      why: `A replica has a few files, and each beat writes one; at least ${FEW_INODES} should be free`,
      fix: `remove files there (df -i ${mountPoint})`,
    },
  ]
}

const FEW_INODES = 1_000

/** The fix for a file that could not be written. */
function writeCure(
  code: string | undefined,
  { freeBytes, freeInodes, mountPoint }: Filesystem,
  facts: SharedFacts,
): string {
  const room = `${freeWords(LITTLE_BYTES)} should be free`
  switch (code) {
    case 'ENOSPC':
      return freeInodes === 0
        ? `remove files on the filesystem at ${mountPoint}: it has no room for more of them (df -i ${mountPoint})`
        : `make room on the filesystem at ${mountPoint}: ${freeWords(freeBytes)} are free, ${room} (df -h ${mountPoint})`
    case 'EDQUOT':
      return `make room for uid ${facts.uid} at ${mountPoint}, or have its quota raised: ${room} within it (quota -s, or lfs quota)`
    case 'EROFS':
      return `have the filesystem at ${mountPoint} mounted to be written to`
    default:
      return 'let the account that runs sluice write there'
  }
}

function freeWords(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3
  return gibibytes < 0.1 ? `${Math.floor(bytes / 1024 ** 2)} MiB` : `${gibibytes.toFixed(gibibytes < 10 ? 1 : 0)} GiB`
}

function siteKey({ key, path, uid }: SharedFacts): readonly DoctorFinding[] {
  const file = `${path}/site.key`
  if (key === undefined) return [unknown('shared.key', `"${file}" could not be looked at`)]
  if (key === 'none') return [ok('shared.key', 'There is no site.key yet: the first engine that starts creates it')]
  const shown = (key.mode & 0o7777).toString(8).padStart(4, '0')
  const problem = (what: string, why: string, fix: string): DoctorFinding[] => [
    { id: 'shared.key', level: 'problem', what, why, fix },
  ]
  if (key.ownerUid !== uid) {
    const why = 'Files of others are refused, so no engine starts'
    return problem(`"${file}" belongs to uid ${key.ownerUid}, and this is uid ${uid}`, why, `chown it, or remove it`)
  }
  if ((key.mode & 0o077) !== 0) {
    const why = 'An account that reads it can use every engine without the gateway'
    return problem(`Others may read "${file}" (mode ${shown})`, why, `chmod 600 ${file}`)
  }
  if (key.unusable !== undefined) {
    const why = 'No engine starts without a key'
    return problem(key.unusable, why, 'remove it, and the next engine creates another')
  }
  return [ok('shared.key', `Only this account can read site.key (mode ${shown})`)]
}

/** Root squash and other mappings of accounts: the files that we write belong to another uid. */
function identity(ownerUid: number, { uid }: SharedFacts): readonly DoctorFinding[] {
  if (ownerUid === uid) return []
  return [
    {
      id: 'shared.identity',
      level: 'problem',
      what: `A file that uid ${uid} writes there belongs to uid ${ownerUid}`,
      why:
        uid === 0
          ? 'The server squashes root, and files of other accounts are refused'
          : 'The server maps accounts, and files of other accounts are refused',
      fix: uid === 0 ? 'run sluice as an ordinary account' : 'have the export map this account to itself',
    },
  ]
}

/** Above this a change takes longer to become visible than one scan interval. */
const SLOW_MS = 500

function visibility(visibleMs: number): DoctorFinding {
  const what = `A change is readable after ${Math.max(1, Math.round(visibleMs))} ms`
  const why = 'Measured on this machine; other nodes may take longer'
  if (visibleMs < SLOW_MS) return ok('shared.visible', what, why)
  return {
    id: 'shared.visible',
    level: 'warning',
    what,
    why: 'Every withdrawal waits for it',
    fix: 'use a faster filesystem',
  }
}

function events(
  found: { localFilesystem: string | undefined; filesystemType: string },
  eventMs: number | undefined,
): DoctorFinding {
  const { localFilesystem, filesystemType } = found
  if (localFilesystem === undefined) {
    const what = `The filesystem (type 0x${filesystemType}) does not report changes made by other machines`
    return { id: 'shared.events', level: 'note', what, why: 'The updater scans every timing.scanSeconds instead' }
  }
  if (eventMs !== undefined) {
    const what = `Events of ${localFilesystem} arrive after ${Math.max(1, Math.round(eventMs))} ms`
    return ok('shared.events', what, 'They only wake the updater; it acts on its scan')
  }
  return {
    id: 'shared.events',
    level: 'warning',
    what: `${localFilesystem} is local, but no event arrived within one second`,
    why: 'The updater scans every timing.scanSeconds instead',
    fix: 'raise fs.inotify.max_user_watches or max_user_instances, or write watch: false',
  }
}
