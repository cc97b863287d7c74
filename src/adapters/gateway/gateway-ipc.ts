import { z } from 'zod'
import { messageOf } from '../../core/domain/caught.ts'
import { checkKeys, type EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { BoundedLines } from '../system/bounded-lines.ts'
import type { EndedSockets } from '../system/end-sockets.ts'
import type { ApplyOutcome, Gateway, RunningGateway, ServerAddress } from './gateway.ts'
import { checkModel } from './render/model-schema.ts'

/** The part of a gateway that an updater needs. */
export type DrivenGateway = Pick<Gateway, 'apply' | 'running' | 'endStreams'>

/** Either end of the pipe between a process and the child that it started. */
type End = Pick<BoundedLines, 'on' | 'once' | 'send' | 'close'>

/** More than any gateway has. */
const MOST_SERVERS = 10_000

const serverSchema = z.strictObject({ address: z.ipv4(), port: z.int().min(1024).max(65_535) })

const requestSchema = z.discriminatedUnion('call', [
  z.strictObject({ id: z.int(), call: z.literal('apply'), model: z.unknown(), keys: z.unknown() }),
  z.strictObject({ id: z.int(), call: z.literal('running') }),
  z.strictObject({ id: z.int(), call: z.literal('endStreams'), servers: z.array(serverSchema).max(MOST_SERVERS) }),
])

type Request = z.infer<typeof requestSchema>
type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string })

/**
 * Lets the process at the other end drive the gateway, as far as `permit` goes: that process may be another account's, and
 * what it sends is checked as text from outside is, and one with too many calls under way is cut off. The function that is
 * returned waits for what is under way.
 */
export function serveGateway(
  gateway: DrivenGateway,
  peer: End,
  options: { permit(model: GatewayModel): void; permitAddress(address: string): void; signal: AbortSignal },
): { idle(): Promise<void> } {
  const under = new Set<Promise<void>>()
  peer.on('message', message => {
    const parsed = requestSchema.safeParse(message)
    if (!parsed.success) return // an end that speaks otherwise gets no answer
    if (under.size >= MOST_CALLS) return peer.close(`more than ${MOST_CALLS} calls are under way`)
    const { id } = parsed.data
    const work = answer(parsed.data)
      .then(
        value => reply(peer, { id, value }),
        error => reply(peer, { id, error: messageOf(error) }),
      )
      .catch(error => peer.close(messageOf(error)))
      .finally(() => under.delete(work))
    under.add(work)
  })
  return { idle: async () => void (await Promise.all(under)) }

  async function answer(request: Request): Promise<ApplyOutcome | RunningGateway | EndedSockets | undefined> {
    if (request.call === 'running') return gateway.running(options.signal)
    if (request.call === 'endStreams') {
      for (const { address } of request.servers) options.permitAddress(address)
      return gateway.endStreams(request.servers)
    }
    try {
      const model = checkModel(request.model)
      options.permit(model)
      return gateway.apply(model, options.signal, checkKeys(request.keys))
    } catch (error) {
      // One of the two may have read a new sluice.yaml before the other: the next try tells.
      const message = messageOf(error)
      return { status: 'failed', step: 'render', message, restored: true }
    }
  }
}

/** The gateway that the process at the other end serves. Calls reject once it is gone, which `lost` hears of too. */
export function connectGateway(peer: End, lost: (error: Error) => void): DrivenGateway {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let gone: Error | undefined
  let last = 0
  peer.on('message', message => {
    const { id, ...rest } = message as Reply
    const call = waiting.get(id)
    waiting.delete(id)
    if ('error' in rest) call?.reject(new Error(rest.error))
    else call?.resolve(rest.value)
  })
  peer.once('disconnect', () => {
    gone = new Error('Cannot drive nginx: the process of root that does it is gone')
    for (const call of waiting.values()) call.reject(gone)
    lost(gone)
  })

  async function ask(
    request:
      | { call: 'running' }
      | { call: 'apply'; model: GatewayModel; keys: EngineKeys }
      | { call: 'endStreams'; servers: ServerAddress[] },
    signal?: AbortSignal,
  ) {
    signal?.throwIfAborted()
    if (gone !== undefined) throw gone
    last += 1
    const call = Promise.withResolvers<unknown>()
    const abort = () => call.reject(signal?.reason)
    waiting.set(last, call)
    signal?.addEventListener('abort', abort, { once: true })
    send(peer, { id: last, ...request })
    return call.promise.finally(() => signal?.removeEventListener('abort', abort))
  }
  return {
    // Root's answers are root's word.
    apply: async (model, signal, keys = {}) => (await ask({ call: 'apply', model, keys }, signal)) as ApplyOutcome,
    running: async signal => (await ask({ call: 'running' }, signal)) as RunningGateway | undefined,
    endStreams: async servers => (await ask({ call: 'endStreams', servers: [...servers] })) as EndedSockets,
  }
}

function reply(peer: End, message: Reply): void {
  send(peer, message)
}

function send(peer: End, message: Request | Reply): void {
  peer.send(message) // a pipe that broke is told by `disconnect`
}

// An updater makes one call at a time; one that it gave up may still be under way.
const MOST_CALLS = 16
