import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseBeat } from '../../src/core/domain/beat.ts'
import { parseEndpoint } from '../../src/core/domain/endpoint.ts'
import { parseKey } from '../../src/core/domain/engine-key.ts'
import { parseRequest } from '../../src/core/domain/replica-request.ts'
import { parseReplicaSpec } from '../../src/core/domain/replica-spec.ts'
import { parseRoutes } from '../../src/core/domain/routes-file.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/design/file-formats.md'), 'utf8')

/** The example whose fence has this word behind its language. */
function example(name: string): string {
  const [, body] = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(text) ?? []
  if (body === undefined) throw new Error(`docs/design/file-formats.md has no example "${name}"`)
  return body
}

describe('the examples of file formats', () => {
  it('are read as an endpoint, a beat, routes, a request and a key', () => {
    expect(parseEndpoint(example('endpoint'), 'fast-4242-1-0')).toHaveProperty('endpoint')
    expect(parseBeat(example('beat'))).toEqual(JSON.parse(example('beat')))
    expect(parseRoutes(example('routes'))).toEqual(JSON.parse(example('routes')))
    expect(parseRequest(example('request'), 'fast-4242-1')).toEqual({
      request: { kind: 'drain', requeue: false, withinSeconds: undefined },
    })
    expect(parseKey(example('key'))).toBe(example('key').trim())
  })

  it('are JSON: an event on one line, a replica spec of version 1', () => {
    expect(example('event').trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(example('event'))).toMatchObject({ event: 'drained' })
    expect(parseReplicaSpec(example('spec'))).toEqual({ spec: JSON.parse(example('spec')) })
  })
})
