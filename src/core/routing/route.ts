import { formModel } from './form-model.ts'
import { type Bytes, type TopLevelString, topLevelString } from './top-level-string.ts'

/** The tiers of a gateway, as its router uses them. */
export interface RoutingTable {
  /** In the order of the configuration, which is the order of preference. */
  readonly tiers: readonly RoutedTier[]
}

export interface RoutedTier {
  readonly name: string
  readonly models: readonly string[]
  /** Each takes whole paths that the tier serves. */
  readonly paths: readonly RegExp[]
  /** `cold`: nothing of it is running or starting. */
  readonly state: 'ready' | 'loading' | 'cold'
  /** It stands at `/`, so requests that name no model are its own. */
  readonly isRoot: boolean
  /** Its engines load models by name; until one is ready it may have more than are known. */
  readonly loadsModels: boolean
}

export interface RoutedRequest {
  readonly method: string
  /** Decoded, without its query; empty where it is one that reads as another. */
  readonly path: string
  readonly contentType: string
  readonly body: Bytes | undefined
}

/** The tier that gets the request, or the answer. */
export type Decision = { readonly tier: string } | Answer

export interface Answer {
  readonly tier?: undefined
  readonly status: number
  readonly body: string
}

/**
 * Chooses the tier of a request to the address of all tiers: it serves the path and has the model. Of several tiers the first
 * ready one is chosen, or the first if none is ready.
 *
 * It runs in Node and in nginx (njs 0.7.9 and newer), so it uses only the syntax that topLevelString documents.
 */
export function route(request: RoutedRequest, table: RoutingTable): Decision {
  const path = request.path
  if (path === '/v1/models') return { status: 200, body: modelList(table) }
  if (path.indexOf('/v1/models/') === 0) return oneModel(path.slice('/v1/models/'.length), path, table)
  const serving = table.tiers.filter(tier => serves(tier, path))
  if (serving.length === 0) return refusal(path, 404, 'unknown_path', 'Nothing is served at this path')
  if (path.indexOf('/v1/responses/') === 0 && path !== '/v1/responses/input_tokens')
    return refusal(path, 404, 'response_not_kept', NOT_KEPT)
  if (request.method !== 'POST') return { tier: firstReady(serving).name }

  const previous =
    path === '/v1/responses' && request.body !== undefined && topLevelString(request.body, 'previous_response_id')
  if (previous && previous.kind !== 'absent' && previous.kind !== 'not a string' && previous.kind !== 'not an object') {
    return refusal(path, 400, 'response_not_kept', NOT_KEPT, 'previous_response_id')
  }
  const named = modelOf(request)
  if (named.kind === 'string') return byModel(named.text, path, serving, table)
  if (named.kind === 'absent') {
    const root = serving.filter(tier => tier.isRoot)[0]
    if (root !== undefined) return { tier: root.name }
    if (serving.length === 1 || path.indexOf('/v1/') !== 0) return { tier: firstReady(serving).name }
  }
  return refusal(path, 400, WHY[named.kind][0], WHY[named.kind][1], 'model')
}

function byModel(model: string, path: string, serving: readonly RoutedTier[], table: RoutingTable): Decision {
  const having = serving.filter(tier => tier.models.indexOf(model) >= 0)
  if (having.length > 0) return { tier: firstReady(having).name }
  const elsewhere = table.tiers.filter(tier => tier.models.indexOf(model) >= 0)
  if (elsewhere.length > 0) {
    return refusal(path, 404, 'unknown_path', `The model ${shown(model)} is not served at this path`, 'model')
  }
  const mayHave = serving.filter(tier => tier.loadsModels && tier.state !== 'ready')
  if (mayHave.length > 0) return { tier: (mayHave[0] as RoutedTier).name }
  return refusal(path, 404, 'model_not_found', `The model ${shown(model)} does not exist; ${offer(serving)}`, 'model')
}

function modelOf(request: RoutedRequest): TopLevelString {
  const body = request.body
  if (body === undefined || body.length === 0) return { kind: 'not an object' }
  if (!/^multipart\/form-data\b/i.test(request.contentType)) return topLevelString(body, 'model')
  const model = formModel(body, request.contentType)
  return model === undefined ? { kind: 'absent' } : { kind: 'string', text: model }
}

const WHY = {
  absent: ['model_required', 'The request names no model'],
  'not an object': ['invalid_body', 'The body is not a JSON object'],
  'not a string': ['invalid_model', 'The model must be a string'],
  repeated: ['invalid_model', 'The request names its model twice'],
  'too long': ['invalid_model', 'The name of the model is too long'],
} as const

const NOT_KEPT = 'A response lives in the engine that made it, which may be gone: send the whole conversation instead'

/** There is at least one. */
function firstReady(tiers: readonly RoutedTier[]): RoutedTier {
  return (tiers.filter(tier => tier.state === 'ready')[0] || tiers[0]) as RoutedTier
}

function serves(tier: RoutedTier, path: string): boolean {
  return tier.paths.some(pattern => pattern.test(path))
}

function modelList(table: RoutingTable): string {
  const data: object[] = []
  const known: string[] = []
  table.tiers.forEach(tier => {
    tier.models.forEach(model => {
      if (known.indexOf(model) >= 0) return
      known.push(model)
      data.push(modelEntry(model, table))
    })
  })
  return JSON.stringify({ object: 'list', data: data })
}

function oneModel(model: string, path: string, table: RoutingTable): Answer {
  const having = table.tiers.filter(tier => tier.models.indexOf(model) >= 0)
  if (having.length > 0) return { status: 200, body: JSON.stringify(modelEntry(model, table)) }
  return refusal(
    path,
    404,
    'model_not_found',
    `The model ${shown(model)} does not exist; ${offer(table.tiers)}`,
    'model',
  )
}

/** By the tier that would get a request for it now. */
function modelEntry(model: string, table: RoutingTable): object {
  const tier = firstReady(table.tiers.filter(one => one.models.indexOf(model) >= 0))
  return { id: model, object: 'model', created: 0, owned_by: tier.name, state: tier.state }
}

function offer(tiers: readonly RoutedTier[]): string {
  const models: string[] = []
  tiers.forEach(tier => {
    tier.models.forEach(model => {
      if (models.indexOf(model) < 0) models.push(model)
    })
  })
  if (models.length === 0) return 'this gateway serves none yet'
  const more = models.length > MOST_OFFERED ? `, and ${models.length - MOST_OFFERED} more` : ''
  return `this gateway serves ${models.slice(0, MOST_OFFERED).join(', ')}${more}`
}

const MOST_OFFERED = 20

function shown(model: string): string {
  return JSON.stringify(model.length > LONGEST_SHOWN ? `${model.slice(0, LONGEST_SHOWN)}…` : model)
}

const LONGEST_SHOWN = 100

/** In the shape that the clients of this path read. */
function refusal(path: string, status: number, code: string, message: string, param?: string): Answer {
  if (path.indexOf('/v1/messages') === 0) {
    const type = status === 404 ? 'not_found_error' : 'invalid_request_error'
    return { status: status, body: JSON.stringify({ type: 'error', error: { type: type, message: message } }) }
  }
  const error = { message: message, type: 'invalid_request_error', param: param || null, code: code }
  return { status: status, body: JSON.stringify({ error: error }) }
}
