import { describe, expect, it } from 'vitest'
import { topLevelModel } from '../../../src/core/routing/top-level-model.ts'

const read = (body: string | Buffer) => topLevelModel(Buffer.from(body as string))

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
    expect(read(body)).toEqual({ kind: 'name', name })
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
          ? { kind: 'name', name: parsed.model }
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
    topLevelModel(counted)
    expect(reads).toBeLessThan(10 * bytes.length)
  })
})

/** A JSON object of up to some dozen values, in which the word stands wherever it can. */
function randomBody(random: () => number): string {
  const pick = <T>(...from: T[]): T => from[Math.floor(random() * from.length)] as T
  const space = () => (random() < 0.2 ? pick(' ', '\n', '\t ', '\r\n') : '')
  const string = (text: string) =>
    random() < 0.1
      ? `"${[...text].map(one => (random() < 0.5 ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(one).slice(1, -1))).join('')}"`
      : JSON.stringify(text)
  const word = () =>
    string(pick('model', 'model', 'a', '"model":"x"', '\\', '\\"', '{', ']', 'ä🦙', '"model', 'model"', ''))
  const value = (depth: number): string => {
    const kind = random()
    if (depth < 4 && kind < 0.2) return object(depth + 1)
    if (depth < 4 && kind < 0.4) return `[${space()}${many(() => value(depth + 1)).join(`${space()},${space()}`)}]`
    return kind < 0.8 ? word() : pick('null', 'true', '-1.5e3', '0')
  }
  const many = (make: () => string) => Array.from({ length: Math.floor(random() * 4) }, make)
  const object = (depth: number): string =>
    `{${space()}${many(() => `${word()}${space()}:${space()}${value(depth)}`).join(`${space()},${space()}`)}${space()}}`
  return `${space()}${object(1)}${space()}`
}

/** Random numbers from a seed, so that what fails fails again. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
