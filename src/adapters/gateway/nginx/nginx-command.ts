import { join } from 'node:path'
import { execa } from 'execa'
import type { StateDirectory } from '../state-directory.ts'
import { openMasterProgram } from './master-program.ts'
import { type NginxProcess, readAgain } from './nginx-processes.ts'

/** The program `nginx`, as a gateway calls it. */
export interface NginxCommand {
  /**
   * The output of `nginx -V`. With `master` the running program is asked, because a package may have replaced the file since its
   * start.
   *
   * @throws when the program is missing.
   */
  version(master: NginxProcess | undefined): Promise<string>
  /** @throws with nginx's own words when it refuses this generation. */
  test(generation: number, master: NginxProcess | undefined): Promise<void>
  /**
   * Tests the configuration of this master, which is not our own, and returns all of it (-T).
   *
   * @throws with nginx's own words when it refuses it.
   */
  dump(verb: string, master: NginxProcess): Promise<string>
  /**
   * Starts a master with the generation of `current`, in the background and outside of this process's group, so that it outlives us.
   * Returns when it has its ports.
   *
   * @throws with nginx's own words when it does not.
   */
  start(): Promise<void>
}

export function nginxCommand(options: {
  command: string
  directory: StateDirectory
  env: NodeJS.ProcessEnv
}): NginxCommand {
  const { command, directory } = options
  const { NGINX: _inheritedSockets, ...env } = options.env // nginx would take its numbers for listening sockets

  async function run(verb: string, args: readonly string[], fd?: number): Promise<{ stdout: string; stderr: string }> {
    const result = await execa(fd === undefined ? command : `/proc/self/fd/${PROGRAM_FD}`, args, {
      cwd: directory.root,
      env,
      extendEnv: false,
      stdio: ['ignore', 'pipe', 'pipe', fd === undefined ? 'ignore' : (fd as 3)], // execa accepts any number, its types only a few
      timeout: ANSWER_MS,
      maxBuffer: MOST_CHARACTERS,
      reject: false,
    })
    const { stdout, stderr } = result as { stdout: string; stderr: string }
    if (!result.failed) return { stdout, stderr }
    if (result.code === 'ENOENT') {
      throw new Error(`Cannot ${verb}: there is no program ${JSON.stringify(command)}; install nginx`)
    }
    const words = complaints(stderr ?? '') || (result.originalMessage ?? result.shortMessage)
    throw new Error(`Cannot ${verb}: ${words}`, { cause: result })
  }

  async function runAs(
    master: NginxProcess | undefined,
    verb: string,
    args: (places: readonly string[]) => readonly string[],
  ): Promise<{ stdout: string; stderr: string }> {
    // If the master ended meanwhile, the installed program is asked instead.
    if (master === undefined || readAgain(master) === undefined) return run(verb, args([]))
    const program = await openMasterProgram(master)
    return run(verb, args(program.places), program.fd).finally(() => program.close())
  }

  const base = ['-p', `${directory.root}/`]
  return {
    version: async master => (await runAs(master, 'run nginx', () => ['-V'])).stderr,
    async test(generation, master) {
      const file = join(directory.generations, String(generation), 'nginx.conf')
      await runAs(master, `load generation ${generation}`, () => [...base, '-t', '-q', '-c', file])
    },
    async dump(verb, master) {
      return (await runAs(master, verb, places => [...places, '-T', '-q'])).stdout
    },
    async start() {
      await run('start nginx', [...base, '-c', join(directory.root, 'current/nginx.conf')])
    },
  }
}

/** nginx's error lines without their time stamps. */
export function complaints(text: string): string {
  const lines = text
    .split('\n')
    .filter(line => /\[(?:emerg|alert|crit)\]/.test(line) && !line.includes(FIRST_LOG))
    .map(line => line.replace(/^.*?\[\w+\] (?:\d+#\d+: )?(?:\*\d+ )?/, ''))
  return [...new Set(lines)].slice(0, MAX_LINES).join('; ')
}

const MAX_LINES = 3

// The first descriptor after the standard streams.
const PROGRAM_FD = 3

// The built-in log is often root's: nginx prints that and continues with ours. Its option -e came with 1.19.5.
const FIRST_LOG = 'could not open error log file'

// A start takes up to 2.5 s when a port is busy (ngx_connection.c tries five times); a test of 2 000 servers takes far less.
const ANSWER_MS = 20_000

// -T prints the whole configuration of a site's nginx with ours: a gateway of 4 096 endpoints with a key each has 6 MB.
const MOST_CHARACTERS = 64 * 1024 * 1024
