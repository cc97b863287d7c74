import { describe, expect, it } from 'vitest'
import { topLevelString } from '../../../src/core/routing/top-level-string.ts'
import { mulberry32, randomBody } from '../../support/random-bodies.ts'

const read = (body: string | Buffer) => topLevelString(Buffer.from(body as string), 'model')

describe('the model of a body', () => {
  it.each([
    ['{"model":"a"}', 'a'],
    [' \r\n\t{ "model" \n:\t "a/b-c.d" } \n', 'a/b-c.d'],
    ['{"messages":[{"role":"user","content":"the \\"model\\":\\"b\\" and {["}],"model":"a"}', 'a'],
    ['{"model":"a","tools":[{"model":"b"}],"metadata":{"model":"c"}}', 'a'],
    ['{"tools":[{"model":"b"}],"metadata":{"model":"c"},"model":"a"}', 'a'],
    ['{"\\u006dodel":"a"}', 'a'],
    ['{"\\u006D\\u006Fdel":"a","x":"model"}', 'a'],
    ['{"x":"model","model":"a"}', 'a'],
    ['{"x":"\\\\","model":"a","y":"\\\\\\\\"}', 'a'],
    ['{"model":"\\u00e4 \\"quoted\\" \\\\"}', 'ä "quoted" \\'],
    ['{"model":"größe 模型 🦙"}', 'größe 模型 🦙'],
    ['{"model":""}', ''],
  ])('%s is found', (body, name) => {
    expect(JSON.parse(body).model).toBe(name)
    expect(read(body)).toEqual({ kind: 'string', text: name })
  })

  it.each([
    ['{}', 'absent'],
    ['{"messages":[{"model":"b"}]}', 'absent'],
    ['{"a":{"model":"b"}}', 'absent'],
    ['{"x":"model"}', 'absent'],
    ['{"x":["model"]}', 'absent'],
    ['{"x":"a \\"model\\": \\"b\\""}', 'absent'],
    ['{"x":"ends with \\"model"}', 'absent'],
    ['{"Model":"b"}', 'absent'],
    ['{"model":{"name":"b"}}', 'not a string'],
    ['{"model":null}', 'not a string'],
    ['{"model":7}', 'not a string'],
    ['{"model":"unended}', 'not a string'],
    ['{"model":"\\x"}', 'not a string'],
    ['{"model":"a","model":"a"}', 'repeated'],
    ['{"model":"a","\\u006dodel":"b"}', 'repeated'],
    [`{"model":"${'m'.repeat(513)}"}`, 'too long'],
    ['', 'not an object'],
    [' ', 'not an object'],
    ['{', 'not an object'],
    ['[{"model":"a"}]', 'not an object'],
    ['"model"', 'not an object'],
    ['not JSON: "model":"a"', 'not an object'],
    ['\uFEFF{"model":"a"}', 'not an object'],
    [Buffer.from('{"model":"a"}', 'utf16le'), 'not an object'],
  ])('%s names none: %s', (body, kind) => {
    expect(read(body)).toEqual({ kind })
  })

  it('is what JSON.parse finds, in 100 000 bodies made to confuse', () => {
    const random = mulberry32(20261129)
    for (let turn = 0; turn < 100_000; turn++) {
      const body = randomBody(random)
      const parsed = JSON.parse(body)
      const found = read(body)
      if (found.kind === 'repeated') continue // JSON.parse forgets the first
      const expected =
        typeof parsed.model === 'string'
          ? { kind: 'string', text: parsed.model }
          : { kind: Object.hasOwn(parsed, 'model') ? 'not a string' : 'absent' }
      if (JSON.stringify(found) !== JSON.stringify(expected)) expect({ body, found }).toEqual({ body, found: expected })
    }
  })

  it.each([
    ['nested brackets', '['.repeat(1e5)],
    ['nested models', '{"model":'.repeat(1e4)],
    ['quotes', '"'.repeat(1e5)],
    ['backslashes', `"${'\\'.repeat(1e5)}`],
    ['escaped quotes', `"${'\\"model'.repeat(1e4)}`],
    ['spaces', `"model"${' '.repeat(1e5)}`.repeat(3)],
  ])('takes work in proportion to the length of %s', (_, inner) => {
    let reads = 0
    const bytes = Buffer.from(`{${inner}}`)
    const counted = new Proxy(bytes, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++
        const value = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    topLevelString(counted, 'model')
    expect(reads).toBeLessThan(10 * bytes.length)
  })
})
