import { isAbsolute, join } from 'node:path'
import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import { profileEngine } from '../adapters/engine/profile-engine.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createHttp } from '../adapters/system/http.ts'
import { makeDirectory } from '../adapters/system/make-directory.ts'
import type { Config } from '../core/config/schema.ts'
import type { Context } from '../core/context.ts'
import { messageOf } from '../core/domain/caught.ts'
import type { Endpoint } from '../core/domain/endpoint.ts'
import { endpointNamed } from '../core/domain/named-endpoint.ts'
import { UserError } from '../core/domain/user-error.ts'
import { type ProfileRequest, profileRequests } from '../core/engines/profiling.ts'
import { traceDirectory } from '../core/engines/trace-directory.ts'
import { toReplicaSpec } from '../core/job-script/to-replica-spec.ts'
import { printJson } from '../core/text/line-printer.ts'
import { openSite, type Site } from './site/open-site.ts'

export interface ProfileOptions extends ConfigOptions {
  readonly seconds: string
  /** SGLang's output directory; absolute, on its node. */
  readonly output?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `sluice profile ENDPOINT --seconds N`: a running engine records a profile. Ctrl-C ends the recording; the engine still writes its traces, and the command waits only a moment for that. */
export async function profile(name: string, options: ProfileOptions, context: Context): Promise<void> {
  const seconds = secondsOf(options.seconds)
  const site = await openSite(options, context)
  const { endpoints } = await site.registry.scan({ beats: false }).catch(cause => {
    throw new Error(`Cannot read the registry: ${messageOf(cause)}; create it, or correct "shared" in sluice.yaml`)
  })
  const endpoint = endpointNamed(name, { tiers: Object.keys(site.config.tiers), endpoints })
  const { id, engine, job } = endpoint
  const plan = planOf(endpoint, options, site.config)
  const log = options.json === true ? context.warn : context.print
  if (options.dryRun === true) {
    log(`Would profile ${id} (${engine} on ${job.node}) for ${seconds} s; traces: ${plan.place}`)
    if (options.json === true) report({ dryRun: true, seconds })
    return
  }

  const key = await keyOf(endpoint, site)
  if (plan.make !== undefined) await makeTraces(plan.make, site)
  const outcome = await profileEngine({
    ...{ http: createHttp(), url: plan.url, key, requests: plan.requests, seconds },
    ...{ clock: systemClock, signal: context.signal },
    progress(what) {
      log(
        what === 'recording'
          ? `${id} (${engine} on ${job.node}) records for ${seconds} s; Ctrl-C ends it sooner`
          : `${id} writes its traces, which takes a while`,
      )
    },
  })
  if (outcome === 'missing') throw new UserError(`Cannot profile ${id}: ${withoutProfiler(endpoint)}`)
  const recorded = `${id} has recorded ${outcome.seconds.toFixed(1)} s`
  if (!outcome.isWritten)
    throw new Error(`${recorded} and still writes its traces, without this command: ${plan.place}`)
  log(`${recorded}; traces: ${plan.place}`)
  if (options.json === true) report({ dryRun: false, seconds: outcome.seconds })

  function report(result: { dryRun: boolean; seconds: number }): void {
    const { directory = null } = plan
    printJson(context.print, { id, engine, node: job.node, directory, ...result })
  }
}

interface ProfilePlan {
  readonly url: string
  readonly requests: { readonly start: ProfileRequest; readonly stop: ProfileRequest }
  /** The directory of the traces, and the same in words; undefined: not known. */
  readonly directory: string | undefined
  readonly place: string
  /** A directory to create first. */
  readonly make: string | undefined
}

/** @throws UserError when this endpoint cannot be profiled, or not now. */
function planOf(endpoint: Endpoint, { output }: ProfileOptions, config: Config): ProfilePlan {
  const { id, engine, state, url, job } = endpoint
  const no = (why: string) => new UserError(`Cannot profile ${id}: ${why}`)
  if (output !== undefined && !isAbsolute(output)) throw no(`"${output}" is not absolute; write a path on ${job.node}`)
  const own = engine === 'sglang' ? (output ?? join(config.shared, 'profiles', id)) : undefined
  const requests = profileRequests(engine, { directory: own })
  if (requests === undefined) {
    throw no(`${engine} has no profiler that can begin while it runs; vllm and sglang have one`)
  }
  if (output !== undefined && own === undefined) {
    throw no(`${engine} writes to the directory that was set at its start; leave --output out`)
  }
  if (url === null || (state !== 'ready' && state !== 'draining')) {
    throw no(`it is ${state}; wait until sluice status shows ready`)
  }
  const directory = own ?? tracesOfTier(endpoint, config)
  const place = directory ?? 'the directory of its profiler-config'
  return { url, requests, directory, place: `${place} on ${job.node}`, make: output === undefined ? own : undefined }
}

/** From the current sluice.yaml; the replica may have been submitted with other settings. */
function tracesOfTier({ tier }: Endpoint, config: Config): string | undefined {
  if (!Object.hasOwn(config.tiers, tier)) return undefined
  const { args, env } = toReplicaSpec(config, tier)
  return traceDirectory(args, env)
}

function withoutProfiler({ engine, tier }: Endpoint): string {
  if (engine !== 'vllm') return `this ${engine} has no /start_profile (HTTP 404); use a newer one`
  return (
    'it was started without a profiler (HTTP 404 at /start_profile); ' +
    `write profiler-config: { profiler: torch, torch_profiler_dir: /scratch/traces } in args of ${tier} ` +
    '(before vLLM 0.13: VLLM_TORCH_PROFILER_DIR in env), and submit it again'
  )
}

async function keyOf({ id, key: fingerprint }: Endpoint, { registry }: Site): Promise<string | undefined> {
  if (fingerprint === undefined) return undefined
  const key = await registry.keptKey(fingerprint)
  if (key === undefined) throw new Error(`Cannot ask ${id}: the key that it requires is not in keys/`)
  return key
}

/** On the share, so that the engine's node and this machine see it. */
async function makeTraces(directory: string, { serialQueue }: Site): Promise<void> {
  await serialQueue.run('make a directory for traces', () => makeDirectory(directory, 0o750))
}

/** Longer profiles fill disks and are hard to read. */
const MOST_SECONDS = 3_600

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && seconds > 0 && seconds <= MOST_SECONDS) return seconds
  throw new UserError(`Cannot profile for "${text}" seconds: write a number above 0, at most ${MOST_SECONDS}`)
}
