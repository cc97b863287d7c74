/** A JSON object of up to some dozen values, in which the word stands wherever it can. */
export function randomBody(random: () => number): string {
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
export function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
