import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const directory = join(import.meta.dirname, '../../bench')

/** Prints each measurement and keeps it in bench/<name>.json; what is left out stays there as it was measured before. */
export async function openResults(name: string) {
  const file = join(directory, `${name}.json`)
  const results: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
  return {
    async measure(what: string, work: () => Promise<unknown>): Promise<void> {
      console.log(`\n== ${what}`)
      results[what] = await work()
      console.log(JSON.stringify(results[what], undefined, 2))
      await mkdir(directory, { recursive: true })
      await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
    },
  }
}

export function say(line: string): void {
  console.log(`  ${line}`)
}
