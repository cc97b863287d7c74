import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The directories of the packages that these modules of a bundle come from, sorted. */
export function packagesOf(modules: readonly string[]): readonly string[] {
  const found = modules.map(id => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replace(/^\0/, ''))?.[0])
  return [...new Set(found.filter(one => one !== undefined))].sort()
}

/**
 * What the licences of bundled packages ask for: each one's name, version and licence text.
 *
 * @throws when a package has no licence.
 */
export async function thirdPartyNotices(packages: readonly string[]): Promise<string> {
  return (await Promise.all(packages.map(noticeOf))).join(`\n${'-'.repeat(78)}\n\n`)
}

async function noticeOf(directory: string): Promise<string> {
  const { name, version, license, author } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`Cannot bundle ${name}: its package.json names no licence`)
  const files = (await readdir(directory)).filter(file => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort()
  const texts = await Promise.all(files.map(file => readFile(join(directory, file), 'utf8')))
  // Some publish without the text: then the name of the licence and of who wrote it is all there is.
  const rest =
    texts.length === 0 ? [`By ${typeof author === 'string' ? author : (author?.name ?? 'its authors')}`] : texts
  return [`${name} ${version} (${license})`, ...rest.map(text => text.trim())].join('\n\n').concat('\n')
}
