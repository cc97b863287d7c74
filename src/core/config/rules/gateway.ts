import { CONTROL_SOCKET, MOST_SOCKET_BYTES } from '../../domain/socket-path.ts'
import { badKey, badValue } from '../config-finding.ts'
import type { Rule } from './rule-input.ts'

/** Settings of the system's nginx are refused for a private one. */
export const systemRule: Rule = ({ config, has }) => {
  if (config.gateway?.nginx !== 'private') return []
  return ['directory', 'reload']
    .map(key => ['gateway', key])
    .filter(path => has(path))
    .map(path => badKey(path, "it is for the system's nginx", 'write nginx: system too, or leave it out'))
}

/** The site decides what the system's nginx loads. */
export const byModelRule: Rule = ({ config }) => {
  if (config.gateway?.byModel !== true || config.gateway.nginx !== 'system') return []
  return [badValue(['gateway', 'byModel'], 'only a private nginx routes by model', 'leave it out, or nginx: system')]
}

/** One late beat must not end a lease. */
export const leaseRule: Rule = ({ config }) => {
  const { beatSeconds, leaseSeconds } = config.timing ?? {}
  if (beatSeconds === undefined || leaseSeconds === undefined || leaseSeconds > 2 * beatSeconds) return []
  const found = `a lease of ${leaseSeconds} s ends after one late beat, at ${beatSeconds} s a beat`
  return [badValue(['timing', 'leaseSeconds'], found, `write more than ${2 * beatSeconds}, or beat more often`)]
}

/** A private nginx has its control socket below the state directory, and the path must fit into a socket address. */
export const statePathRule: Rule = ({ config }) => {
  const { state, name, nginx } = config.gateway ?? {}
  if (state === undefined || name === undefined || nginx === 'system') return []
  const bytes = Buffer.byteLength(`${state.replace(/\/$/, '')}/${name}/${CONTROL_SOCKET}`)
  if (bytes <= MOST_SOCKET_BYTES) return []
  const found = `the path of its control socket would have ${bytes} bytes, and Linux takes ${MOST_SOCKET_BYTES}`
  return [badValue(['gateway', 'state'], found, `write a path that is ${bytes - MOST_SOCKET_BYTES} bytes shorter`)]
}
