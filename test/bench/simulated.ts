import { spawn } from 'node:child_process'
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { userArgv } from '../lab/cluster/as-user.ts'
import { until } from '../support/until.ts'

const DIRECTORY = '/tmp/simulated'
const BEAT_SECONDS = 5
const SQUEUE_SECONDS = 15
/** One replica leaves and another comes back this often. */
const CHURN_SECONDS = 10
/** After the measurement of the processor: being traced costs. */
const STRACE_SECONDS = 60
const TICKS_PER_SECOND = 100 // sysconf(_SC_CLK_TCK) on Linux

/**
 * One updater over so many replicas that beat, on a real directory with a real nginx; their jobs are rows of a squeue that
 * is played, and nobody sends requests. What is measured is the updater's process, after its start.
 */
export async function benchSimulated(replicas: number, seconds: number, report: (line: string) => void) {
  await rm(DIRECTORY, { recursive: true, force: true })
  const shared = join(DIRECTORY, 'shared')
  const bin = join(DIRECTORY, 'bin')
  for (const directory of [DIRECTORY, shared, bin, join(DIRECTORY, 'state')])
    await mkdir(directory, { recursive: true })
  const hosts = Array.from({ length: replicas }, (_, n) => ({ name: nodeOf(n), address: addressOf(n) }))
  await appendFile('/etc/hosts', hosts.map(host => `${host.address} ${host.name}\n`).join(''))
  await writeFile(join(bin, 'squeue'), PLAYED_SQUEUE)
  await chmod(join(bin, 'squeue'), 0o755)
  await writeFile(join(DIRECTORY, 'replicas'), String(replicas))
  const configFile = join(DIRECTORY, 'sluice.yaml')
  await writeFile(
    configFile,
    stringify({
      site: 'simulated',
      shared,
      runtime: '/nowhere',
      gateway: { listen: 8090, networks: ['10.78.0.0/16'], state: join(DIRECTORY, 'state') },
      timing: { beatSeconds: BEAT_SECONDS, squeueSeconds: SQUEUE_SECONDS },
      tiers: { fast: { engine: 'llama.cpp', path: '/', router: { modelsDir: '/models' } } },
    }),
  )
  await execa('chown', ['-R', 'ai:ai', DIRECTORY])

  const script = join(import.meta.dirname, 'beating.ts')
  const beating = spawnAs([
    process.execPath,
    script,
    shared,
    String(replicas),
    String(BEAT_SECONDS),
    String(CHURN_SECONDS),
  ])
  await until('every replica to have a file', async () => (await count(shared)) === replicas, { timeoutMs: 60_000 })
  const bundle = join(import.meta.dirname, '../../dist/sluice.cjs')
  const runtime = join(DIRECTORY, 'runtime')
  await execa(process.execPath, [bundle, 'install', '--to', runtime])
  const sluice = join(runtime, 'current/sluice')
  const updater = spawnAs(['env', `PATH=${bin}:/usr/bin:/bin:/usr/sbin`, sluice, 'updater', '--config', configFile])
  const pid = updater.pid ?? 0
  const eventsFile = join(shared, 'events/updater-main.jsonl')
  const reloads = async () => (await readFile(eventsFile, 'utf8').catch(() => '')).split('"routes changed"').length - 1
  const routed = async () => JSON.parse(await readFile(join(shared, 'routes/main.json'), 'utf8')).tiers.fast.length
  await until('all to be routed', routed, { timeoutMs: 120_000, holds: n => n >= replicas - 1 })
  await sleep(5_000) // what follows is the steady state

  const idle = await observe(Math.ceil(seconds / 5), 'nothing changes')
  beating.kill('SIGUSR2')
  const changing = await observe(seconds, `a change every ${CHURN_SECONDS / 2} s`)
  for (const child of [updater, beating]) child.kill('SIGTERM')
  await Promise.all([updater, beating].map(child => new Promise(resolve => child.once('exit', resolve))))
  process.kill(Number(await readFile(join(DIRECTORY, 'state/main/run/nginx.pid'), 'utf8')), 'SIGTERM')
  await rm(DIRECTORY, { recursive: true, force: true })
  return { replicas, idle, changing }

  async function observe(windowSeconds: number, what: string) {
    const before = { cpu: await cpuTicks(pid), reloads: await reloads(), polls: await polls() }
    let peak = 0
    const startedAt = performance.now()
    while (performance.now() - startedAt < windowSeconds * 1_000) {
      await sleep(Math.min(10_000, windowSeconds * 1_000))
      peak = Math.max(peak, await residentMebibytes(pid))
      const passed = Math.round((performance.now() - startedAt) / 1_000)
      report(`${replicas} replicas, ${what}: ${passed}/${windowSeconds} s`)
    }
    const elapsed = (performance.now() - startedAt) / 1_000
    const cpuSeconds = ((await cpuTicks(pid)) - before.cpu) / TICKS_PER_SECOND
    return {
      seconds: Math.round(elapsed),
      reloads: (await reloads()) - before.reloads,
      squeueCalls: (await polls()) - before.polls,
      cpuPercentOfACore: Math.round((cpuSeconds / elapsed) * 10_000) / 100,
      peakMebibytes: Math.round(peak),
      metadataPerSecondAndReplica: round((await metadataPerSecond(pid, shared)) / replicas),
    }
  }

  async function polls(): Promise<number> {
    return (await readFile(join(DIRECTORY, 'squeue.calls'), 'utf8').catch(() => '')).length
  }
}

function spawnAs(command: readonly string[]) {
  const [program, ...argv] = userArgv('ai', command)
  return spawn(program, argv, { stdio: 'ignore' })
}

/** Prints a row for every replica in the format that it is asked for, and notes the call. */
const PLAYED_SQUEUE = `#!/bin/sh
printf . >> ${DIRECTORY}/squeue.calls
for argument; do case $argument in --Format=*) format=\${argument#--Format=} ;; esac; done
exec awk -v format="$format" -v replicas="$(cat ${DIRECTORY}/replicas)" 'BEGIN {
  columns = split(format, column, ",")
  for (n = 0; n < replicas; n++) {
    value["JobID"] = 1000 + n; value["State"] = "RUNNING"; value["Reason"] = "None"; value["RestartCnt"] = 0
    value["PreemptTime"] = "N/A"; value["exit_code"] = 0; value["StartTime"] = 1; value["SubmitTime"] = 1; value["EligibleTime"] = 1; value["EndTime"] = 2000000000
    value["TimeLimit"] = "UNLIMITED"; value["TimeUsed"] = "1:00"; value["BatchHost"] = "sim-" n; value["NodeList"] = "sim-" n
    value["UserName"] = "ai"; value["Comment"] = "sluice:simulated:fast:" n; value["Name"] = "fast"
    for (c = 1; c <= columns; c++) { at = index(column[c], ":"); printf "%s%s", value[substr(column[c], 1, at - 1)], substr(column[c], at + 1) }
    printf "\\n"
  }
}'
`

function nodeOf(n: number): string {
  return `sim-${n}`
}

function addressOf(n: number): string {
  return `10.78.${Math.floor(n / 250)}.${(n % 250) + 1}`
}

async function count(shared: string): Promise<number> {
  return Number((await execa('sh', ['-c', `ls ${shared}/endpoints 2>/dev/null | wc -l`])).stdout)
}

/** utime + stime of all threads: /proc/PID/stat fields 14 and 15, proc(5). */
async function cpuTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Calls a second that name a file below the directory, or list one: what a network filesystem asks its server for. */
async function metadataPerSecond(pid: number, shared: string): Promise<number> {
  const file = join(DIRECTORY, 'strace.out')
  const tracing = execa('strace', ['-f', '-y', '-qq', '-e', 'trace=%file,getdents64', '-o', file, '-p', String(pid)], {
    reject: false,
  })
  const text = () => readFile(file, 'utf8').catch(() => '')
  await until('strace to see something', text, { timeoutMs: 30_000 })
  const earlier = (await text()).length
  await sleep(STRACE_SECONDS * 1_000)
  const calls = (await text()).slice(earlier).split('\n')
  tracing.kill('SIGINT')
  await tracing
  return calls.filter(line => line.includes(shared) && !line.includes('resumed>')).length / STRACE_SECONDS
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

async function residentMebibytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024
}
