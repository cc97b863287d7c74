import { parseArgs } from 'node:util'
import { type ClusterOptions, DEFAULT_OPTIONS, type Flags, optionsFromFlags } from './cluster/cluster-options.ts'
import { enter } from './cluster/enter.ts'
import { flavourOptions } from './cluster/flavours.ts'
import { ensureTree } from './cluster/tree.ts'

/**
 * The entry on the host: `node test/lab/main.ts [--flavour=qos] [--grace-seconds=20 …] -- COMMAND…`.
 * Runs COMMAND (a shell when there is none) as root on the controller of a fresh cluster and exits with its code.
 * Every field of ClusterOptions is a flag, and goes before what the flavour says.
 */
async function main(argv: readonly string[]): Promise<number> {
  const { options, command } = readArguments(argv)
  if (process.getuid?.() !== 0) {
    throw new Error(`Cannot make a lab: this is uid ${process.getuid?.()}, and mounts and networks need root`)
  }
  const tree = await ensureTree(options.suite)
  return enter({ tree, options, command })
}

function readArguments(argv: readonly string[]): { options: ClusterOptions; command: readonly string[] } {
  const end = argv.indexOf('--')
  const names = ['flavour', ...Object.keys(DEFAULT_OPTIONS)]
  const { values } = parseArgs({
    args: argv.slice(0, end === -1 ? undefined : end),
    options: Object.fromEntries(names.map(name => [kebab(name), { type: 'string' as const }])),
  })
  const { flavour = 'sid', ...others } = values as Record<string, string>
  const flags: Flags = Object.fromEntries(Object.entries(others).map(([name, value]) => [camel(name), value]))
  return { options: optionsFromFlags(flags, flavourOptions(flavour)), command: end === -1 ? [] : argv.slice(end + 1) }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
