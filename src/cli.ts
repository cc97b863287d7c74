#!/usr/bin/env node
import { isMainThread } from 'node:worker_threads'
import { Command, CommanderError, Option } from 'commander'
import type { Context } from './commands/context.ts'
import { UserError } from './domain/user-error.ts'

const done = new AbortController()

const context: Context = {
  env: process.env,
  cwd: process.cwd(),
  print: line => void process.stdout.write(`${line}\n`),
  warn: line => void process.stderr.write(`${line}\n`),
  signal: done.signal,
}

const configFile = () => new Option('--config <file>', 'sluice.yaml to read (else $SLUICE_CONFIG, ./, /etc/sluice/)')

/** Commands load what they need when they run: starting one costs little more than an empty Node. */
function program(): Command {
  const sluice = new Command('sluice')
    .description('LLM engines as preemptible Slurm jobs behind one OpenAI-compatible address')
    .version(VERSION)
    .option('--verbose', 'show stacks of errors')
    .exitOverride()

  const config = sluice.command('config').description('check sluice.yaml, or print its schema')
  config
    .command('check')
    .description('show every problem of sluice.yaml with its line')
    .addOption(configFile())
    .option('--json', 'print JSON')
    .action(async options => (await import('./commands/config-check.ts')).configCheck(options, context))
  config
    .command('schema')
    .description('print the JSON Schema of sluice.yaml')
    .action(async () => (await import('./commands/config-schema.ts')).configSchema(context))

  sluice
    .command('render')
    .description('write the job scripts of tiers')
    .argument('[tier...]', 'tiers to render; all by default')
    .addOption(configFile())
    .option('--output <dir>', 'write the scripts there')
    .option('--check', 'exit 1 when a script on disk differs')
    .option('--dry-run', 'say what would be written')
    .action(async (tiers, options) => (await import('./commands/render.ts')).render(tiers, options, context))
  sluice
    .command('submit')
    .description('submit replicas of a tier to Slurm')
    .argument('<tier>')
    .addOption(configFile())
    .option('--count <n>', 'how many', '1')
    .option('--dry-run', 'show the script and the command instead')
    .option('--json', 'print JSON')
    .action(async (tier, options) => (await import('./commands/submit.ts')).submit(tier, options, context))
  sluice
    .command('supervise')
    .description('run one replica; the batch process of a job script, with its spec on standard input')
    .action(async () => (await import('./commands/supervise.ts')).supervise(context))
  sluice
    .command('updater')
    .description('keep nginx in step with the registry and Slurm')
    .addOption(configFile())
    .action(async options => (await import('./commands/updater.ts')).updater(options, context))
  sluice
    .command('install')
    .description('put this bundle and its Node where compute nodes find them')
    .requiredOption('--to <dir>', 'a directory on the shared filesystem: `runtime` of sluice.yaml')
    .option('--dry-run', 'say what would be written')
    .action(async options => (await import('./commands/install.ts')).install(options, context))

  return sluice
}

declare const VERSION: string

async function main(): Promise<number> {
  const command = program()
  // A second Ctrl-C ends at once; Slurm's second TERM must not.
  process.once('SIGINT', () => done.abort('SIGINT'))
  process.on('SIGTERM', () => done.abort('SIGTERM'))
  try {
    await command.parseAsync()
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof UserError) {
      context.warn(error.message)
      return 2
    }
    context.warn(explain(error, Boolean(command.opts()['verbose'])))
    return 1
  }
}

function explain(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error)
  if (verbose) return String(error.stack)
  const cause = error.cause === undefined ? '' : `: ${explain(error.cause, false)}`
  return `${error.message}${cause}`
}

if (isMainThread) {
  void main().then(code => {
    process.exitCode = code
  })
} else {
  void import('./registry/directory-thread.ts') // in the bundle a thread begins here too: every module's file is this one
}
