import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  filesOfDump,
  findSystemMaster,
  listensOn,
  parsePlaces,
  pidFileOf,
} from '../../../../src/adapters/gateway/nginx/inspect-system-nginx.ts'
import { isOfAccount, openMasterProgram } from '../../../../src/adapters/gateway/nginx/master-program.ts'
import { readNginx } from '../../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { systemFile } from '../../../../src/adapters/gateway/nginx/system-file.ts'
import { listenText } from '../../../../src/core/domain/listen-address.ts'

const debian = parsePlaces(
  'nginx version: nginx/1.22.1\nconfigure arguments: --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf --http-log-path=/var/log/nginx/access.log --error-log-path=stderr --pid-path=/run/nginx.pid --with-pcre-jit',
)

describe('the places of an nginx', () => {
  it('are those that it was built with', () => {
    expect(debian).toEqual({
      prefix: '/usr/share/nginx',
      configuration: '/etc/nginx/nginx.conf',
      pidFile: '/run/nginx.pid',
      logs: '/var/log/nginx',
    })
  })
  it('are those of its sources where it names none', () => {
    expect(parsePlaces('configure arguments: --conf-path=conf/other.conf')).toEqual({
      prefix: '/usr/local/nginx',
      configuration: '/usr/local/nginx/conf/other.conf',
      pidFile: '/usr/local/nginx/logs/nginx.pid',
      logs: '/usr/local/nginx/logs',
    })
  })
  it.each([
    ['user www-data;\npid /run/other.pid;\n', '/run/other.pid'],
    ['  pid "/run/a b.pid" ;', '/run/a b.pid'],
    ['pid logs/nginx.pid;', '/usr/share/nginx/logs/nginx.pid'],
    ['# pid /run/other.pid;\n', '/run/nginx.pid'],
    ['', '/run/nginx.pid'],
  ])('include the pid file of %j', (text, path) => {
    expect(pidFileOf(text, debian)).toBe(path)
  })
})

it.each([
  ['no file', undefined],
  ['an empty file', ''],
  ['the pid of something else', String(process.pid)],
  ['a process group', '-1'],
  ['nothing that it could be', '99999999999999999999'],
])('a pid file that is %s names no master', async (_what, text) => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const pidFile = join(directory, 'nginx.pid')
  if (text !== undefined) await writeFile(pidFile, text)
  await expect(findSystemMaster({ ...debian, configuration: join(directory, 'none'), pidFile })).rejects.toThrow(
    `Cannot find the system's nginx: ${pidFile} names no master of nginx that root runs; start it, such as with systemctl start nginx`,
  )
})

it('a pid file that is a pipe, which nobody writes to, names none either', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const pidFile = join(directory, 'nginx.pid')
  await execa('mkfifo', [pidFile])
  await expect(findSystemMaster({ ...debian, configuration: join(directory, 'none'), pidFile })).rejects.toThrow(
    'names no master of nginx that root runs',
  )
})

// Root alone can make what other accounts run.
describe.skipIf(process.getuid?.() !== 0)("a process under the title of nginx's master", () => {
  async function startAs(uid: number, program = '/bin/sleep', options = '-c /etc/other.conf') {
    const title = `nginx: master process nginx ${options}`
    const child = spawn(program, ['60'], { argv0: title, uid, stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'spawn')
    const found = readNginx(child.pid ?? 0)
    if (found === undefined) throw new Error('Cannot find the process')
    return found
  }
  async function copyOfSleep() {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    await chmod(directory, 0o755)
    const program = join(directory, 'nginx')
    await copyFile('/bin/sleep', program)
    await chmod(program, 0o755)
    return { directory, program }
  }

  it('is not the master where another account runs it', async () => {
    const { directory } = await copyOfSleep()
    const pidFile = join(directory, 'nginx.pid')
    const mine = await startAs(0)
    await writeFile(pidFile, String(mine.pid))
    const places = { ...debian, configuration: join(directory, 'none'), pidFile }
    expect(await findSystemMaster(places)).toEqual(mine)
    const other = await startAs(65_534)
    await writeFile(pidFile, String(other.pid))
    await expect(findSystemMaster(places)).rejects.toThrow('names no master of nginx that root runs')
    await expect(openMasterProgram(other)).rejects.toThrow('it is not a process of uid 0')
  })

  /** What this process has open. */
  async function openHere() {
    const fds = await readdir('/proc/self/fd')
    return Promise.all(fds.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  }

  it('is of an account only with all of its rights', async () => {
    const { program } = await copyOfSleep()
    await chown(program, 65_534, 0)
    await chmod(program, 0o4755)
    const { pid } = await startAs(0, program)
    expect(await Promise.all([0, 65_534].map(uid => isOfAccount(pid, uid)))).toEqual([false, false])
    expect(await isOfAccount(process.pid, 0)).toBe(true)
  })

  it('is the master also where a package has replaced its file', async () => {
    const { program } = await copyOfSleep()
    const master = await startAs(0, program, '-p /opt/nginx/ -q -cother.conf')
    await rm(program)
    const opened = await openMasterProgram(master)
    expect((await readFile(`/proc/self/fd/${opened.fd}`)).equals(await readFile('/bin/sleep'))).toBe(true)
    expect(opened.places).toEqual(['-p', '/opt/nginx/', '-c', 'other.conf'])
    await opened.close()
  })

  it('gives its program and its options where root alone may write it', async () => {
    const { program } = await copyOfSleep()
    const opened = await openMasterProgram(await startAs(0, program))
    await rm(program)
    await writeFile(program, 'another one')
    expect((await readFile(`/proc/self/fd/${opened.fd}`)).equals(await readFile('/bin/sleep'))).toBe(true)
    expect(opened.places).toEqual(['-c', '/etc/other.conf'])
    await opened.close()
  })

  it.each<[string, string, (at: { directory: string; program: string }) => Promise<void>]>([
    ['belongs to another account', 'its program belongs to uid 65534', ({ program }) => chown(program, 65_534, 0)],
    ['is writable for all', 'everybody may write its program', ({ program }) => chmod(program, 0o777)],
    ['gives rights', 'its program is setuid or setgid', ({ program }) => chmod(program, 0o4755)],
    ["gives a group's rights", 'its program is setuid or setgid', ({ program }) => chmod(program, 0o2755)],
    ['lies where others write', 'uid 65534 may write', ({ directory }) => chown(directory, 65_534, 0)],
  ])('is refused where its program %s', async (_what, message, spoil) => {
    const at = await copyOfSleep()
    await spoil(at)
    await expect(openMasterProgram(await startAs(0, at.program))).rejects.toThrow(message)
    expect(await openHere()).not.toContain(at.program)
  })
})

it('a dump is taken apart into its files', () => {
  const dump =
    '# configuration file /etc/nginx/nginx.conf:\na;\n\n# configuration file /etc/nginx/conf.d/b c.conf:\nb;\n'
  expect(filesOfDump(dump)).toEqual([
    { path: '/etc/nginx/nginx.conf', text: '\na;\n\n' },
    { path: '/etc/nginx/conf.d/b c.conf', text: '\nb;\n' },
  ])
  expect(filesOfDump('')).toEqual([])
})

describe('a site listens', () => {
  it.each<[string, string[]]>([
    ['server { listen 8080; }', ['0.0.0.0:8080']],
    ['server {\n  listen\t127.0.0.1:8080 default_server;listen *:81;\n}', ['127.0.0.1:8080', '0.0.0.0:81']],
    ['listen localhost; listen example.org:8081 ssl;', ['0.0.0.0:80', '0.0.0.0:8081']],
    ['listen 10.0.0.1; listen 10.0.0.1:81;', ['10.0.0.1:80', '10.0.0.1:81']],
    ['# listen 8080;\n  listen 1024; # listen 1025;', ['0.0.0.0:1024']],
    ['listen [::]:8080; listen [::0:1]; listen unix:/run/x.sock;', ['[::]:8080', '[::1]:80']],
    ['server_name listen.example.org; set $listen 8080; listener 8080;', []],
  ])('where %j says: at %j', (text, listens) => {
    expect(listensOn(text).map(listenText)).toEqual(listens)
  })
})

describe('the one file', () => {
  const mark = "# Kept in '/a'\n"
  async function emptyDirectory() {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    return directory
  }

  it('is replaced, and removed, and nothing else is left beside it', async () => {
    const directory = await emptyDirectory()
    const file = systemFile(join(directory, 'sluice-main.conf'), mark)
    await writeFile(join(directory, '.sluice-main.conf.0badcafe.tmp'), 'half')
    await writeFile(join(directory, '.sluice-other.conf.0badcafe.tmp'), 'half')
    expect(await file.read()).toBeUndefined()
    await file.write(`${mark}1`)
    await file.write(`${mark}2`)
    expect(await file.read()).toBe(`${mark}2`)
    expect((await readdir(directory)).toSorted()).toEqual(['.sluice-other.conf.0badcafe.tmp', 'sluice-main.conf'])
    await file.write(undefined)
    await file.write(undefined)
    expect(await readdir(directory)).toEqual(['.sluice-other.conf.0badcafe.tmp'])
  })

  it.each(['# by hand\n', "# Kept in '/b'\n"])("is not written where it is somebody else's: %j", async text => {
    const path = join(await emptyDirectory(), 'sluice-main.conf')
    await writeFile(path, text)
    const file = systemFile(path, mark)
    for (const next of [mark, undefined]) {
      await expect(file.write(next)).rejects.toThrow(
        `Cannot write "${path}": that file does not belong to this gateway; move it away, or give this gateway another gateway.name`,
      )
    }
    expect(await file.read()).toBe(text)
  })

  it('is not taken for absent when it cannot be read', async () => {
    const path = join(await emptyDirectory(), 'sluice-main.conf')
    await mkdir(path)
    await expect(systemFile(path, mark).read()).rejects.toThrow('it is a directory, not a regular file')
  })
})
