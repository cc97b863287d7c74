import type { GatewayModel } from '../../../core/domain/gateway-model.ts'
import { isSameListen, listensOf, listenWords, overlaps } from '../../../core/domain/listen-address.ts'
import { listenersOf } from '../render/listeners.ts'
import { filesOfDump, listensOn } from './inspect-system-nginx.ts'
import type { NginxProcess } from './nginx-processes.ts'

/**
 * nginx accepts two sites on one port: requests would then go by their Host, and those without a known one to the site that
 * came first. `mark` stands in the file that is ours.
 */
export function refuseSharedPorts(dump: string, model: GatewayModel, mark: string): void {
  for (const other of filesOfDump(dump)) {
    if (other.text.includes(mark)) continue
    const theirs = listensOn(other.text)
    const shared = listensOf(model).filter(at => theirs.some(one => overlaps(one, at)))
    if (shared.length > 0) {
      throw new Error(
        `Cannot listen on ${shared.map(listenWords).join(', ')}: another site of this nginx does so in "${other.path}"; choose another port for one of the two`,
      )
    }
  }
}

/** `mustLetGo` of `loadGeneration`, where nothing but a reload is ours to do. */
export function refuseToLetGo(master: NginxProcess, model: GatewayModel): void {
  const held = listenersOf(master.pid)
  for (const at of listensOf(model)) {
    const other = held.some(one => isSameListen(one, at)) ? undefined : held.find(one => overlaps(one, at))
    if (other === undefined) continue
    throw new Error(
      `Cannot listen on ${listenWords(at)}: this nginx listens on ${listenWords(other)}, and a reload cannot change from one to the other; let the gateway listen on another port first, then on this one`,
    )
  }
}
