/** What became of one try at one engine, as nginx logged it. */
export interface Try {
  /** `address:port`. */
  readonly at: string
  /** `refused`: no connection was made, so no request can be the reason. */
  readonly outcome: 'answered' | 'failed' | 'refused'
  /** The address that asked; absent where the line has none. */
  readonly client?: string
}

/**
 * The tries of one line of nginx's access log, one or more for each request. A try that the client broke off says nothing,
 * and neither does a line that cannot be read (rule 1). 503 is load, and 501 is about the request.
 */
export function triesOf(line: string): readonly Try[] {
  const logged = parse(line)
  if (logged === undefined) return []
  const [places, answers, connects] = [logged.upstream, logged.answers, logged.connects].map(partsOf)
  if (places === undefined || answers?.length !== places.length || connects?.length !== places.length) return []
  return places.flatMap((at, index): Try[] => {
    const status = Number.parseInt(answers[index] ?? '', 10)
    if (Number.isNaN(status)) return []
    const isFailure = status >= 500 && status !== 501 && status !== 503
    const outcome = !isFailure ? 'answered' : connects[index] === '-' ? 'refused' : 'failed'
    return [{ at, outcome, ...(logged.client === undefined ? {} : { client: logged.client }) }]
  })
}

/** nginx writes `, ` between the servers of one location and ` : ` between locations. */
function partsOf(text: string): readonly string[] {
  return text.split(/, | : /)
}

function parse(line: string): { upstream: string; answers: string; connects: string; client?: string } | undefined {
  try {
    const { upstream, answers, connects, client } = JSON.parse(line)
    const areTexts = [upstream, answers, connects].every(text => typeof text === 'string')
    if (!areTexts) return undefined
    return { upstream, answers, connects, ...(typeof client === 'string' ? { client } : {}) }
  } catch {
    return undefined // a line of another format, or one that was cut
  }
}
