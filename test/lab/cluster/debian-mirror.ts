import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findDebianMirror, parseAptSources } from './apt-sources.ts'

/** The Debian archive that this machine itself installs from; it may be a mirror that is the only one within reach. */
export async function debianMirror(): Promise<string> {
  const paths = (await sourcesFiles()).filter(path => existsSync(path))
  const files = await Promise.all(paths.map(async path => ({ path, text: await readFile(path, 'utf8') })))
  const mirror = findDebianMirror(parseAptSources(files))
  if (mirror === undefined) {
    throw new Error(`Cannot find a Debian archive: none with the component main in ${paths.join(', ') || '/etc/apt'}`)
  }
  return resolveMirrorList(mirror)
}

async function sourcesFiles(): Promise<readonly string[]> {
  const directory = '/etc/apt/sources.list.d'
  const names = existsSync(directory) ? await readdir(directory) : []
  const used = names.filter(name => /\.(list|sources)$/.test(name)).sort()
  return ['/etc/apt/sources.list', ...used.map(name => join(directory, name))]
}

/** Debian's cloud images name a file with a list of mirrors (apt-transport-mirror(1)); the first will do. */
async function resolveMirrorList(uri: string): Promise<string> {
  const path = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
  const text = path === undefined ? uri : await readFile(path, 'utf8')
  return text.split(/\s/)[0] ?? uri
}
