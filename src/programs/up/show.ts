import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findNginx } from '../../adapters/gateway/nginx/nginx-processes.ts'
import { registryDirectories } from '../../adapters/registry/directories.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { createHttp } from '../../adapters/system/http.ts'
import { readRegularText } from '../../adapters/system/regular-file.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { type Endpoint, MAX_ENDPOINT_BYTES, parseEndpoint } from '../../core/domain/endpoint.ts'
import { isEveryAddress, isIpv6, listenAddress, localUrl } from '../../core/domain/listen-address.ts'
import { supervisorOf } from '../../core/domain/local-replica.ts'
import { shellWord } from '../../core/job-script/quoting.ts'
import type { UpSite } from './site.ts'

/** A model on a CPU is slow. */
const ANSWER_MS = 300_000

/** Sends a chat completion through nginx, as a client would, and prints what runs where. */
export async function show(options: {
  endpoint: Endpoint
  site: UpSite
  context: Context
  signal: AbortSignal
}): Promise<void> {
  const { endpoint, site, context } = options
  const url = `${urlOf(site.config, endpoint.tier)}v1/chat/completions`
  const json = {
    model: endpoint.models[0] ?? 'default',
    messages: [{ role: 'user', content: 'Who are you?' }],
    max_tokens: 64,
  }
  context.print('')
  context.print('A chat completion through nginx, as any client sends it:')
  context.print(`  curl ${url} -H 'content-type: application/json' -d ${shellWord(JSON.stringify(json))}`)
  const startedAt = systemClock.now()
  const answer = await createHttp().ask(url, { method: 'POST', json, timeoutMs: ANSWER_MS })
  const ms = Math.round(systemClock.now() - startedAt)
  if (options.signal.aborted) return
  if (answer.kind !== 'answered') throw new Error(`Cannot get an answer: ${answer.kind} after ${ms} ms`)
  const content = contentOf(answer.text)
  if (answer.status !== 200 || content === undefined) {
    throw new Error(`Cannot get an answer: HTTP ${answer.status} ${answer.text.slice(0, 300)}`)
  }
  context.print(`  ${answer.status} after ${ms} ms: ${JSON.stringify(content)}`)
  await reportWhatRuns(site, context)
}

function contentOf(text: string): string | undefined {
  try {
    const content: unknown = JSON.parse(text).choices[0].message.content
    return typeof content === 'string' ? content : undefined
  } catch {
    return undefined
  }
}

async function reportWhatRuns({ config, places, isDefault }: UpSite, context: Context): Promise<void> {
  const row = (name: string, what: string) => context.print(`  ${name.padEnd(10)} ${what}`)
  const master = findNginx(places.gateway).find(one => one.role === 'master')
  context.print('')
  context.print('What runs:')
  const { listen } = config.gateway
  const at = listenAddress(listen)
  const family = isIpv6(at.address) ? 'IPv6' : 'IPv4'
  const elsewhere = isEveryAddress(at) ? `and every other ${family} address of this machine` : 'and on no other address'
  row('nginx', `${localUrl(listen)}/ ${elsewhere}, pid ${master?.pid}`)
  row('updater', `pid ${process.pid}, this process`)
  for (const endpoint of await readEndpoints(places.shared)) {
    const engine = endpoint.processes[0]?.pid
    const where = endpoint.url === null ? endpoint.state : `${endpoint.url} (${endpoint.engine})`
    row(endpoint.tier, `${where}, pid ${engine}; its supervisor, pid ${supervisorOf(endpoint)}`)
  }
  row('files', isDefault ? `${places.work}, removed at the end` : `${places.shared} and ${places.gateway}`)
}

async function readEndpoints(shared: string): Promise<Endpoint[]> {
  const names = (await readdir(registryDirectories(shared).endpoints)).filter(name => /^[a-z].*\.json$/.test(name))
  const read = names.map(name => readEndpoint(shared, name.slice(0, -'.json'.length)).catch(() => undefined))
  return (await Promise.all(read)).filter(one => one !== undefined)
}

/** @throws when there is none, or it cannot be parsed. */
export async function readEndpoint(shared: string, id: string): Promise<Endpoint> {
  const parsed = parseEndpoint(
    await readRegularText(join(registryDirectories(shared).endpoints, `${id}.json`), MAX_ENDPOINT_BYTES),
    id,
  )
  if ('problem' in parsed) throw new Error(`Cannot read endpoint ${id}: ${parsed.problem}`)
  return parsed.endpoint
}

export function urlOf({ gateway, tiers }: Config, tier: string): string {
  return `${localUrl(gateway.listen)}${tiers[tier]?.path ?? '/'}`
}
