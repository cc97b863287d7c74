import { given } from '../../core/domain/given.ts'

/** What became of one try at one engine, as nginx logged it. */
export interface Try {
  /** `address:port`. */
  readonly at: string
  /** `refused`: no connection was made, so the request cannot be the cause. */
  readonly outcome: 'answered' | 'failed' | 'refused'
  /** The client's address; absent where the line has none. */
  readonly client?: string
}

/**
 * The tries of one line of nginx's access log, one or more for each request. A try that the client broke off does not count, and
 * neither does a line that cannot be read ("unknown is not none", docs/design/rules.md). 501 is the request's fault. A full
 * engine counts as failing: it refuses at once and has the fewest connections, so it would refuse most requests that the others
 * could take.
 */
export function triesOf(line: string): readonly Try[] {
  const logged = parse(line)
  if (logged === undefined) return []
  const [places, answers, connects] = [logged.upstream, logged.answers, logged.connects].map(partsOf)
  if (places === undefined || answers?.length !== places.length || connects?.length !== places.length) return []
  return places.flatMap((at, index): Try[] => {
    const status = Number.parseInt(answers[index] ?? '', 10)
    if (Number.isNaN(status)) return []
    const isBare = logged.isBare && index === places.length - 1
    const isFailure = (status >= 500 && status !== 501) || status === 429 || isBare
    const outcome = !isFailure ? 'answered' : connects[index] === '-' ? 'refused' : 'failed'
    return [{ at, outcome, ...given({ client: logged.client }) }]
  })
}

/** nginx writes `, ` between the servers of one location and ` : ` between locations. */
function partsOf(text: string): readonly string[] {
  return text.split(/, | : /)
}

interface Logged {
  readonly upstream: string
  readonly answers: string
  readonly connects: string
  readonly client?: string
  /** The answer had no head: it was not HTTP, and nginx takes it for HTTP/0.9 with status 200. */
  readonly isBare: boolean
}

function parse(line: string): Logged | undefined {
  try {
    const { upstream, answers, connects, client, sent, body, protocol } = JSON.parse(line)
    const areTexts = [upstream, answers, connects].every(text => typeof text === 'string')
    if (!areTexts) return undefined
    // An HTTP/0.9 client names no protocol, and never gets a head.
    const isBare = typeof protocol === 'string' && protocol.startsWith('HTTP/1') && sent > 0 && sent === body
    return { upstream, answers, connects, isBare, ...(typeof client === 'string' ? { client } : {}) }
  } catch {
    return undefined // a line of another format, or one that was cut
  }
}
