import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import type { Gateway, RunningGateway } from '../../../src/adapters/gateway/gateway.ts'
import { findAnyNginx, type NginxProcess, readAgain } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { type GatewayOptions, openGateway } from '../../../src/adapters/gateway/open-gateway.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { signal as sendSignal } from '../../../src/adapters/system/processes.ts'
import type { EngineKeys } from '../../../src/core/domain/engine-key.ts'
import type { GatewayModel, GatewayTier } from '../../../src/core/domain/gateway-model.ts'
import { freePort } from '../../support/stand-in-engine.ts'
import { until } from '../../support/until.ts'
import { neverAborted } from './lab-gateway.ts'

/** Where the lab's nginx includes from, within http { }. */
export const CONF_D = '/etc/nginx/conf.d'
const MAIN = '/etc/nginx/nginx.conf'
const PID_FILE = '/run/sluice-lab-nginx.pid'

/** The lab's own nginx, as an administrator set it up: its other site takes every name and default that it can. */
export interface SystemNginx {
  /** Of its other site, which says "other". */
  readonly otherPort: number
  start(): Promise<void>
  /** Every process of it gets the signal; returns when all are gone. */
  end(signal: NodeJS.Signals): Promise<void>
  /** Returns the workers that it leaves when it is gone. */
  killMaster(): Promise<readonly NginxProcess[]>
  reload(): Promise<void>
  master(): NginxProcess
  /** Ends it and gives its files back as they were. */
  remove(): Promise<void>
}

export async function startSystemNginx(): Promise<SystemNginx> {
  const before = await readFile(MAIN, 'utf8')
  const otherPort = await freePort()
  const masterPid = async () => {
    const named = Number.parseInt(await readFile(PID_FILE, 'utf8').catch(() => ''), 10)
    return findAnyNginx().find(one => one.pid === named && one.role === 'master')?.pid
  }
  let pid = 0
  const processes = () => findAnyNginx().filter(one => one.pid === pid || one.parent === pid)
  const nginx: SystemNginx = {
    otherPort,
    async start() {
      await execa('nginx') // which ends when its daemon has its sockets, before that has written its pid
      pid = (await until('its pid', masterPid, { timeoutMs: 20_000 })) ?? 0
    },
    end: signal => endAll(processes(), signal),
    async killMaster() {
      const [masters, workers] = [
        processes().filter(one => one.pid === pid),
        processes().filter(one => one.pid !== pid),
      ]
      await endAll(masters, 'SIGKILL')
      return workers
    },
    reload: async () => void (await execa('nginx', ['-s', 'reload'])),
    master() {
      const found = processes().find(one => one.role === 'master')
      if (found === undefined) throw new Error('Cannot find the master of the system nginx')
      return found
    },
    async remove() {
      await nginx.end('SIGKILL')
      // A reload may have forked workers between the look and the end: they would keep their ports for good.
      for (let left = orphans(); left.length > 0; left = orphans()) await endAll(left, 'SIGKILL')
      await writeFile(MAIN, before)
      for (const name of await readdir(CONF_D)) await rm(join(CONF_D, name))
      await rm(PID_FILE, { force: true })
    },
  }
  await mkdir(CONF_D, { recursive: true })
  await writeFile(MAIN, MAIN_TEXT)
  await writeFile(join(CONF_D, 'other.conf'), otherSite(otherPort))
  await nginx.start()
  return nginx
}

/** Workers without a master. */
function orphans(): readonly NginxProcess[] {
  const found = findAnyNginx()
  return found.filter(one => one.role === 'worker' && !found.some(other => other.pid === one.parent))
}

/** Returns when all are gone. */
export async function endAll(processes: readonly NginxProcess[], signal: NodeJS.Signals): Promise<void> {
  for (const one of processes) sendSignal(one.pid, signal)
  await until('the processes to end', () => processes.every(one => readAgain(one) === undefined), { timeoutMs: 20_000 })
}

// What an http { } may hold that would reach into the gateway's own servers.
const MAIN_TEXT = `user www-data;
worker_processes 3;
pid ${PID_FILE};
error_log /var/log/nginx/error.log;
events { worker_connections 1024; }
http {
    access_log /var/log/nginx/access.log;
    gzip on;
    gzip_types text/event-stream application/json;
    gzip_min_length 0;
    proxy_intercept_errors on;
    proxy_next_upstream_tries 1;
    proxy_set_header X-Site yes;
    error_page 502 503 /sorry;
    include ${CONF_D}/*.conf;
}
`

function otherSite(port: number): string {
  return `log_format sluice '$request';
map $uri $sluice_sent { default 1; }
map $uri $sluice_tier { default other; }
upstream tier_fast { zone tier_fast 64k; server 127.0.0.1:1; }
upstream sluice_fast { zone sluice_fast 64k; server 127.0.0.1:1; }
server {
    listen ${port} default_server;
    location / { return 200 other; }
}
`
}

/** A gateway in that nginx. */
export interface SystemGateway {
  readonly nginx: SystemNginx
  readonly gateway: Gateway
  readonly options: Pick<GatewayOptions, 'directory'> & { system: NonNullable<GatewayOptions['system']> }
  readonly port: number
  readonly file: string
  model(...tiers: GatewayTier[]): GatewayModel
  applied(model: GatewayModel, keys?: EngineKeys): Promise<RunningGateway>
  /** The same as an updater finds it that has just started. */
  reopen(options?: Partial<GatewayOptions>): Promise<Gateway>
  /** With another command in the place of the reload. */
  withReload(reload: string, options?: Partial<GatewayOptions>): Promise<Gateway>
}

export async function startSystemGateway(): Promise<SystemGateway> {
  const nginx = await startSystemNginx()
  onTestFinished(() => nginx.remove())
  const root = await mkdtemp('/tmp/sluice-system-')
  onTestFinished(() => rm(root, { recursive: true }))
  const port = await freePort()
  const system = { name: 'main', directory: CONF_D, reload: ['nginx', '-s', 'reload'] }
  const options = { directory: join(root, 'state'), system }
  const reopen = (other: Partial<GatewayOptions> = {}) =>
    openGateway({ ...options, nginx: 'nginx', env: process.env, clock: systemClock, ...other })
  const gateway = await reopen()
  return {
    nginx,
    gateway,
    options,
    port,
    file: join(CONF_D, 'sluice-main.conf'),
    reopen,
    withReload: (reload, other) => reopen({ ...other, system: { ...system, reload: reload.split(' ') } }),
    model: (...tiers) => ({ listen: port, tiers }),
    async applied(model, keys = {}) {
      const outcome = await gateway.apply(model, neverAborted, keys)
      if (outcome.status !== 'applied') throw new Error(`Cannot apply: ${JSON.stringify(outcome)}`)
      return { generation: outcome.generation, model, keys }
    },
  }
}
