import { z } from 'zod'
import { messageOf } from '../../core/domain/caught.ts'
import { checkKeys, type EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { BoundedLines } from '../system/bounded-lines.ts'
import type { EndedSockets } from '../system/end-sockets.ts'
import type { ApplyOutcome, Gateway, RunningGateway, ServerAddress } from './gateway.ts'
import { checkGatewayModel } from './render/model-schema.ts'

/** The part of a gateway that an updater needs. */
export type DrivenGateway = Pick<Gateway, 'apply' | 'running' | 'endStreams'>

/** One end of the pipe between a process and its child. */
type End = Pick<BoundedLines, 'on' | 'once' | 'send' | 'close'>

/** More than any gateway needs. */
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
 * Lets the process at the other end control the gateway, within `permit`. That process may belong to another account, so its
 * messages are checked like other text from outside, and the pipe is closed if too many calls are under way. The returned function
 * waits for the calls under way.
 */
export function serveGateway(
  gateway: DrivenGateway,
  peer: End,
  options: { permit(model: GatewayModel): void; permitAddress(address: string): void; signal: AbortSignal },
): { idle(): Promise<void> } {
  const under = new Set<Promise<void>>()
  peer.on('message', message => {
    const parsed = requestSchema.safeParse(message)
    if (!parsed.success) return // an invalid message gets no answer
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
      const model = checkGatewayModel(request.model)
      options.permit(model)
      return gateway.apply(model, options.signal, checkKeys(request.keys))
    } catch (error) {
      // One of the two may have read a new sluice.yaml before the other; the next call shows that.
      const message = messageOf(error)
      return { status: 'failed', step: 'render', message, restored: true }
    }
  }
}

/** The gateway at the other end of the pipe. Once that process is gone, calls reject and `lost` is called. */
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
    gone = new Error('Cannot control nginx: the root process for it is gone')
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
    // Root's answers are trusted.
    apply: async (model, signal, keys = {}) => (await ask({ call: 'apply', model, keys }, signal)) as ApplyOutcome,
    running: async signal => (await ask({ call: 'running' }, signal)) as RunningGateway | undefined,
    endStreams: async servers => (await ask({ call: 'endStreams', servers: [...servers] })) as EndedSockets,
  }
}

function reply(peer: End, message: Reply): void {
  send(peer, message)
}

function send(peer: End, message: Request | Reply): void {
  peer.send(message) // `disconnect` reports a broken pipe
}

// An updater makes one call at a time; an abandoned one may still be under way.
const MOST_CALLS = 16
