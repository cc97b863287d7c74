#!/usr/bin/env node
import { isMainThread } from 'node:worker_threads'
import { Command, CommanderError, Option } from 'commander'
import { systemClock } from './adapters/system/clock.ts'
import { endAtSignal } from './adapters/system/end-at-signal.ts'
import { type Hangups, hearHangups } from './adapters/system/hangups.ts'
import { hearOutputs } from './adapters/system/hear-outputs.ts'
import { contextOf } from './adapters/system/own-process.ts'
import { writtenOut } from './adapters/system/written-out.ts'
import { UserError } from './core/domain/user-error.ts'
import { errorLine } from './core/text/error-line.ts'
import { printText } from './core/text/line-printer.ts'
import { printable } from './core/text/printable-text.ts'

/**
 * Commands that clean up at their end. An early SIGHUP and a second Ctrl-C end the other commands at once, but not these.
 */
const SERVING = ['updater', 'supervise', 'up']

const done = new AbortController()
const name = process.argv.slice(2).find(argument => !argument.startsWith('-'))
const hangups: Hangups =
  isMainThread && SERVING.includes(name ?? '') ? hearHangups(process) : { listen: () => () => undefined }

const outputs = hearOutputs(process.stdout, process.stderr, () => done.abort('SIGPIPE'))

let exitCode = 0
const context = contextOf(process, {
  onHangup: hangups.listen,
  endWith: code => {
    exitCode = code
  },
  signal: done.signal,
})

const configFile = () => new Option('--config <file>', 'sluice.yaml to read (else $SLUICE_CONFIG, ./, /etc/sluice/)')

const logLevel = () =>
  new Option('--log-level <level>', 'error, warn, info or debug (else $SLUICE_LOG_LEVEL, `log` of sluice.yaml, info)')

/** Commands load what they need when they run: starting one costs little more than an empty Node. */
function program(): Command {
  const sluice = new Command('sluice')
    .description('LLM engines as preemptible Slurm jobs behind one OpenAI-compatible address')
    .version(VERSION)
    .option('--verbose', 'show stacks of errors')
    .exitOverride()
    .showHelpAfterError('Add --help to see its usage')
    .configureOutput({ writeErr: text => void process.stderr.write(printable(text)) }) // it quotes arguments

  const config = sluice.command('config').description('check sluice.yaml, or print its schema')
  config
    .command('check')
    .description('show every problem of sluice.yaml with its line')
    .argument('[file]', 'as --config')
    .addOption(configFile())
    .option('--json', 'print JSON')
    .action(async (file, options) =>
      (await import('./commands/config-check.ts')).configCheck({ ...options, configFile: file }, context),
    )
  config
    .command('schema')
    .description('print the JSON Schema of sluice.yaml')
    .action(async () => (await import('./commands/config-schema.ts')).configSchema(context))

  sluice
    .command('init')
    .description("write a first sluice.yaml from Slurm's data and your answers; without a terminal it asks nothing")
    .option('--partition <name>', 'partition of the jobs')
    .option('--shared <dir>', 'a directory on the filesystem that all nodes share')
    .option('--network <cidr...>', 'networks of the nodes')
    .option('--engine <name>', 'llama.cpp, vllm, sglang or tei')
    .option('--model <file|id>', 'path of a file or directory on the nodes, or a name at Hugging Face')
    .option('--site <name>', "the site's name; this machine's by default")
    .option('--output <file>', 'the file to write; sluice.yaml by default')
    .option('-y, --yes', 'ask nothing, and take the default of each question')
    .action(async options => (await import('./commands/init.ts')).init(options, context))
  sluice
    .command('render')
    .description('write the job scripts of tiers')
    .argument('[tier...]', 'tiers to render; all by default, each under a line with its name')
    .addOption(configFile())
    .option('--output <dir>', 'write the scripts there')
    .option('--check', 'exit 1 when a script on disk differs')
    .option('--dry-run', 'show what would be written')
    .action(async (tiers, options) => (await import('./commands/render.ts')).render(tiers, options, context))
  sluice
    .command('submit')
    .description('submit replicas of a tier to Slurm')
    .argument('<tier>')
    .addOption(configFile())
    .option('--count <n>', 'how many', '1')
    .option('--as-root', 'submit as root; the engines run as root on the nodes')
    .option('--dry-run', 'show the script and the command instead')
    .option('--json', 'print JSON')
    .action(async (tier, options) => (await import('./commands/submit.ts')).submit(tier, options, context))
  sluice
    .command('supervise')
    .description('run one replica; the batch process of a job script, with its spec on standard input')
    .addOption(logLevel())
    .addOption(new Option('--without-slurm <restarts>', 'as a child of `sluice up`').hideHelp())
    .action(async options => (await import('./commands/supervise.ts')).supervise(options, context))
  sluice
    .command('updater')
    .description('keep nginx in line with the registry and Slurm')
    .addOption(configFile())
    .addOption(logLevel())
    .option('--once', 'end after one round')
    .option('--dry-run', 'with --once: show what it would change and why, and write nothing; exit code 3 when it would')
    .action(async options => (await import('./commands/updater.ts')).updater(options, context))
  sluice
    .command('status')
    .description(
      'show tiers, replicas and endpoints: state in Slurm, gateways that route to them, drains and their causes',
    )
    .addOption(configFile())
    .option('--json', 'print JSON')
    .option('--watch', 'look again every two seconds, until Ctrl-C')
    .option('--summary <file>', "summary that the updater of another account's site publishes (else $SLUICE_SUMMARY)")
    .action(async options => (await import('./commands/status.ts')).status(options, context))
  sluice
    .command('logs')
    .description("show the output of jobs, the logs of their engines, and the updaters' events about them")
    .argument('<tier|id>', 'a tier, a job, a replica or an endpoint')
    .addOption(configFile())
    .option('-f, --follow', 'show new lines until Ctrl-C')
    .option('-n, --lines <n>', 'lines of each log to begin with', '20')
    .option('--json', 'print events as JSON')
    .action(async (name, options) => (await import('./commands/logs.ts')).logs(name, options, context))
  sluice
    .command('explain')
    .description('explain why a job died or does not run: cause, evidence, fix; exit code 1 when the job is not known')
    .argument('<job|id|tier>', 'a job, a replica, an endpoint, or a tier: its last job')
    .addOption(configFile())
    .option('--json', 'print JSON')
    .action(async (name, options) => (await import('./commands/explain.ts')).explainJob(name, options, context))
  sluice
    .command('drain')
    .description('remove one replica: finish its answers, then cancel its job')
    .argument('<id>', 'a job, a replica or an endpoint')
    .addOption(configFile())
    .option('--requeue', 'requeue the job instead of cancelling it')
    .option('--within <seconds>', 'cut answers that have not ended by then')
    .option('--dry-run', 'show what would be done')
    .option('--json', 'print JSON, progress to standard error')
    .action(async (id, options) => (await import('./commands/drain.ts')).drain(id, options, context))
  sluice
    .command('stop')
    .description(
      'remove all replicas of a tier: finish their answers, then cancel their jobs; waiting jobs are cancelled at once',
    )
    .argument('<tier|id>', 'a tier, a job, a replica or an endpoint')
    .addOption(configFile())
    .option('--now', 'cancel at once, and cut the answers')
    .option('--within <seconds>', 'cut answers that have not ended by then')
    .option('--dry-run', 'show what would be done')
    .option('--json', 'print JSON, progress to standard error')
    .action(async (name, options) => (await import('./commands/stop.ts')).stop(name, options, context))
  sluice
    .command('profile')
    .description('make a running vLLM or SGLang record a profile, and print the directory of its traces')
    .argument('<endpoint>', 'an endpoint, or a replica or job with only one')
    .addOption(configFile())
    .requiredOption('--seconds <n>', 'how long to record; Ctrl-C ends it earlier')
    .option(
      '--output <dir>',
      "SGLang's output directory on the endpoint's node; profiles/ in the shared directory by default",
    )
    .option('--dry-run', 'show what would be done')
    .option('--json', 'print JSON, progress to standard error')
    .action(async (name, options) => (await import('./commands/profile.ts')).profile(name, options, context))
  sluice
    .command('plan')
    .description('compare the weights, caches and buffers of a tier with the memory of its GPUs and its job')
    .argument('<tier>')
    .addOption(configFile())
    .option('--file <path>', 'the .gguf file (the first, if split), if its path here differs from that on the nodes')
    .option('--model <name>', 'one model of a router; all by default')
    .option('--json', 'print JSON')
    .action(async (tier, options) => (await import('./commands/plan.ts')).plan(tier, options, context))
  sluice
    .command('doctor')
    .description('check the setup of this site; exit code 1 when there is a problem')
    .addOption(configFile())
    .option('--json', 'print JSON')
    .action(async options => (await import('./commands/doctor.ts')).doctor(options, context))
  sluice
    .command('up')
    .description('run the whole site on this machine, without Slurm: nginx, updater, a supervisor for each replica')
    .addOption(configFile())
    .addOption(new Option('--model <file>', 'serve this .gguf file with llama-server').conflicts('config'))
    .addOption(logLevel())
    .option('--once', 'end after one answered chat completion')
    .action(async options => (await import('./commands/up.ts')).up(options, context))
  sluice
    .command('up-sweep', { hidden: true })
    .description('clean up after a `sluice up` that was killed')
    .requiredOption('--work <dir>')
    .requiredOption('--gateway <dir>')
    .requiredOption('--shared <dir>')
    .action(async options => (await import('./commands/up-sweep.ts')).upSweep(options, context))
  sluice
    .command('demo-engine', { hidden: true })
    .description("an engine without a model: answers in the format of OpenAI's API, and says what it is")
    .requiredOption('--host <address>')
    .requiredOption('--port <port>')
    .option('--model <name...>', 'names of models to list')
    .action(async options => (await import('./commands/demo-engine.ts')).demoEngine(options, context))
  const gateway = sluice.command('gateway').description("the gateway's nginx, which outlives its updater")
  gateway
    .command('render')
    .description("print nginx's files for the endpoints that are there now; engine keys are left out")
    .addOption(configFile())
    .option('--tier <name...>', 'these tiers alone; all by default')
    .option('--output <dir>', 'write the files there, into a directory that is empty or does not exist')
    .action(async options => (await import('./commands/gateway-render.ts')).gatewayRender(options, context))
  gateway
    .command('stop')
    .description('end it: it accepts no new connections, and ends after its last answer')
    .addOption(configFile())
    .option('--within <seconds>', 'cut answers that have not ended by then', '600')
    .option('--now', 'cut running answers at once')
    .action(async options => (await import('./commands/gateway-stop.ts')).gatewayStop(options, context))
  sluice
    .command('unit')
    .description("print the updater's systemd unit for this sluice.yaml")
    .addOption(configFile())
    .option('--user', "for the user's own systemd, without root")
    .option('--account <name>', 'account that runs it; the owner of the shared directory by default')
    .option(
      '--program <file>',
      "sluice program that it starts; by default that of `runtime`, or with the site's nginx that of /opt/sluice",
    )
    .action(async options => (await import('./commands/unit.ts')).unit(options, context))
  sluice
    .command('install')
    .description('install this bundle and its Node for the compute nodes')
    .option('--to <dir>', 'a directory on the shared filesystem: `runtime` of sluice.yaml')
    .option('--prune', 'install nothing; remove builds that are neither `current` nor in use')
    .addOption(configFile())
    .option('--dry-run', 'show what would be written or removed')
    .action(async options => (await import('./commands/install.ts')).install(options, context))

  return sluice
}

declare const VERSION: string

async function main(): Promise<number> {
  const command = program()
  // Not `once`: signal-exit, of proper-lockfile, ends the process when there is no other listener.
  process.on('SIGINT', () => {
    if (done.signal.aborted && !SERVING.includes(name ?? '')) process.exit(130)
    done.abort('SIGINT')
  })
  process.on('SIGTERM', () => done.abort('SIGTERM'))
  command.hook('preAction', (_, action) => {
    endAtSignal(action.name(), done.signal, systemClock, process.exit)
    outputs.begins(action.name(), action.opts()['output'])
  })
  try {
    await command.parseAsync()
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof UserError) {
      for (const line of error.lines) context.warn(line)
      return 2
    }
    if (command.opts()['verbose'] === true && error instanceof Error) printText(context.warn, String(error.stack))
    else context.warn(errorLine(error))
    return 1
  }
}

if (isMainThread) {
  // Not exitCode: a hanging filesystem call would keep the process, and with it its node, until a kill.
  void main().then(async code => {
    await writtenOut([process.stdout, process.stderr])
    const trouble = outputs.trouble()
    if (trouble !== undefined) context.warn(trouble)
    process.exit(trouble === undefined ? code : code || 1)
  })
} else {
  void import('./adapters/registry/directory-thread.ts') // in the bundle a thread starts here too, because all modules are in this file
}
