import { formatTable } from '../status/table.ts'
import type { Shortage } from './check-fit.ts'
import type { MeasuredFit } from './fit-params.ts'
import { tensorSplitFor } from './layer-split.ts'
import type { ModelPlan } from './plan-model.ts'
import type { TogetherPlan } from './plan-together.ts'
import type { Proposal } from './proposals.ts'

/** One model of a tier, planned. */
export interface PlannedModel {
  readonly name: string
  readonly file: string
  readonly plan: ModelPlan
  /** Null: llama-fit-params is not installed, or gave no answer. */
  readonly check: MeasuredFit | null
}

/** The notation of a division of layers in sluice.yaml: `rpc.layers`, or an argument of the engine. */
export type SplitKey = 'layers' | 'tensor-split'

export function planText({ name, plan, check }: PlannedModel, split: SplitKey): readonly string[] {
  const { model, context, slots } = plan
  const layers = plan.devices.reduce((sum, device) => sum + device.layers, 0)
  return [
    `${name} (${model.architecture}): ${context} tokens over ${slots} slot${slots === 1 ? '' : 's'}`,
    '',
    ...formatTable(DEVICE_HEAD, plan.devices.map(deviceRow)).map(indented),
    ...(layers === 0 ? [] : ['']),
    ...formatTable(HOST_HEAD, [hostRow(plan)]).map(indented),
    '',
    ...(plan.refused === null ? [] : [`It does not start: ${plan.refused.found}; ${plan.refused.fix}.`]),
    ...verdictLines(plan),
    ...hostLines(plan),
    ...splitLines(plan, split),
    ...checkLines(check),
    ...proposalLines(plan, split),
    ...(plan.unknown.length === 0 ? [] : ['', 'Not known:', ...plan.unknown.map(line => `  ${line}`)]),
  ]
}

const DEVICE_HEAD = ['DEVICE', 'MEMORY', 'LAYERS', 'WEIGHTS', 'KV CACHE', 'COMPUTE', 'RESERVED', 'TOTAL', 'FREE']
const HOST_HEAD = ['HOST', 'WEIGHTS', 'KV CACHE', 'COMPUTE', 'PROMPTS', 'PROGRAM', 'TOTAL', 'FREE', 'PAGE CACHE']

function deviceRow({ name, memory, layers, hasOutput, ...use }: ModelPlan['devices'][number]): readonly string[] {
  return [
    name,
    size(memory),
    `${layers}${hasOutput ? ' + output' : ''}`,
    ...[use.weights, use.kv, use.compute, use.reserve, use.total, use.free].map(size),
  ]
}

function hostRow({ host }: ModelPlan): readonly string[] {
  const { memory, weights, kv, compute, promptCache, process, total, free, pageCache } = host
  return [
    memory === null ? 'unknown' : `--mem ${size(memory)}`,
    ...[weights, kv, compute, promptCache, process, total, free, pageCache].map(size),
  ]
}

function verdictLines({ verdict, shortages, largestContext, model }: ModelPlan): readonly string[] {
  const first =
    verdict === 'fits'
      ? 'It fits'
      : verdict === 'not known'
        ? 'It is not known whether it fits'
        : `It does not fit: it needs ${missing(shortages)}`
  if (largestContext === null) return [`${first}.`]
  if (largestContext === 0) return [`${first}. Not even a short context fits.`]
  const isAll = model.trainedContext !== null && largestContext + 256 > model.trainedContext
  return [
    `${first}. The largest context that fits has ${largestContext} tokens${isAll ? ', which is what it was trained for' : ''}.`,
  ]
}

/** Facts that the table of the host does not show. */
function hostLines({ host: { locked, pageCache, free } }: ModelPlan): readonly string[] {
  return [
    ...(locked === 0
      ? []
      : [`It locks ${size(locked)} of the host: the limit of locked memory (ulimit -l) must allow it.`]),
    ...(free === null || free < 0 || pageCache <= free
      ? []
      : [`The page cache cannot keep the ${size(pageCache)} of the file: each start reads them again.`]),
  ]
}

function missing(shortages: readonly Shortage[]): string {
  return shortages
    .map(({ where, missing }) => `${size(missing)} more on ${where === 'host' ? 'the host' : where}`)
    .join(', ')
}

function splitLines({ split, devices, verdict }: ModelPlan, key: SplitKey): readonly string[] {
  if (split === null || verdict === 'does not fit') return []
  const now = devices.map(device => device.layers)
  return String(now) === String(split.layers)
    ? []
    : [`The best division of the layers is ${layersText(split.layers, key)}.`]
}

function checkLines(check: MeasuredFit | null): readonly string[] {
  if (check === null) return []
  const { ours, theirs, isUsed } = check
  const parts = [
    `weights ${difference(ours.weights, theirs.weights)}`,
    `KV ${difference(ours.kv, theirs.kv)}`,
    `compute ${difference(ours.compute, theirs.compute)}`,
  ]
  const where = check.devices.length === 0 ? 'on the host alone' : `on ${check.devices.join(', ')}`
  const use = isUsed ? 'The numbers are those of llama-fit-params' : `llama-fit-params sees other devices (${where})`
  return [`${use}; beside it, the formula has ${parts.join(', ')}.`]
}

function difference(ours: number, theirs: number): string {
  if (theirs === 0) return ours === 0 ? 'the same' : `${size(ours)} more`
  const percent = (100 * (ours - theirs)) / theirs
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`
}

function proposalLines({ proposals, devices }: ModelPlan, key: SplitKey): readonly string[] {
  const ways = proposals.filter(one => one.kind !== 'one node')
  const alone = proposals.filter(one => one.kind === 'one node')
  const what = devices.some(device => device.memory === null) ? 'The host has room' : 'It fits'
  return [
    ...(ways.length === 0 ? [] : ['', `${what} with one of these in the tier:`]),
    ...ways.flatMap(one => proposalText(one, key)),
    ...(alone.length === 0 ? [] : ['', "On the head's node alone it fits with:"]),
    ...alone.flatMap(one => proposalText(one, 'tensor-split')),
  ]
}

function proposalText(proposal: Proposal, key: SplitKey): readonly string[] {
  const { args, layers, context, hostBytes, devices, host, largestContext } = proposal
  const split =
    layers !== undefined && key === 'tensor-split' ? { 'tensor-split': tensorSplitFor(layers).join(',') } : {}
  const all = Object.entries({ ...args, ...split }).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? quoted(value) : value}`,
  )
  const keys = [
    ...(all.length === 0 ? [] : [`args: { ${all.join(', ')} }`]),
    ...(layers !== undefined && key === 'layers' ? [layersText(layers, key)] : []),
    ...(context === undefined ? [] : [`context: ${context}`]),
    ...(hostBytes === undefined ? [] : [`slurm: { mem: ${Math.ceil(hostBytes / GIBIBYTE)}G }`]),
  ]
  const free = Math.min(...devices.flatMap(device => device.free ?? []))
  const facts = [
    ...(Number.isFinite(free) ? [`leaves ${size(free)} on the fullest GPU`] : []),
    `${size(host.total)} of the host`,
    ...(largestContext === null || context !== undefined ? [] : [`up to ${largestContext} tokens`]),
    ...(WHY[proposal.kind] === undefined ? [] : [WHY[proposal.kind]]),
  ]
  return [`  ${keys.length === 0 ? 'nothing else' : keys.join(', ')}`, `    ${facts.join('; ')}`]
}

/** The other cost of a proposal. */
const WHY: Partial<Record<Proposal['kind'], string>> = {
  prompts: 'fewer prompts are cached',
  ubatch: 'long prompts are read more slowly',
  cache: 'answers may be less accurate',
  offload: "the speed of the host's memory limits the speed of answers",
  'one node': "the speed of the host's memory limits the speed of answers",
}

function layersText(layers: readonly number[], key: SplitKey): string {
  return key === 'layers'
    ? `rpc: { layers: [${layers.join(', ')}] }`
    : `args: { tensor-split: ${quoted(tensorSplitFor(layers).join(','))} }`
}

/** Backslashes stay what they are between single quotes. */
function quoted(text: string): string {
  return /^[a-z][a-z0-9_]*$/.test(text) ? text : `'${text}'`
}

const GIBIBYTE = 2 ** 30

function size(bytes: number | null): string {
  if (bytes === null) return 'unknown'
  const amount =
    Math.abs(bytes) >= GIBIBYTE / 10
      ? `${(Math.abs(bytes) / GIBIBYTE).toFixed(1)} GiB`
      : `${Math.round(Math.abs(bytes) / 2 ** 20)} MiB`
  return bytes < 0 ? `−${amount}` : amount
}

function indented(line: string): string {
  return `  ${line}`
}

/** Models of a router that are loaded at once. */
export function togetherText({ models, verdict, shortages, cacheRam }: TogetherPlan): readonly string[] {
  const words =
    verdict === 'does not fit'
      ? `they need ${missing(shortages)}`
      : verdict === 'fits'
        ? 'they fit'
        : 'it is not known whether they fit'
  return [
    `Loaded at once, ${models.join(' and ')}: ${words}.`,
    ...(cacheRam === undefined
      ? []
      : [`They fit with args: { cache-ram: ${cacheRam} } in the tier: fewer prompts are cached.`]),
  ]
}
