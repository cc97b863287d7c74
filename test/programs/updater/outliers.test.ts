import { describe, expect, it } from 'vitest'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { createOutliers, type OutlierChange } from '../../../src/programs/updater/outliers.ts'
import { type Try, triesOf } from '../../../src/programs/updater/tries.ts'

const modelOf = (...ids: string[]): GatewayModel => ({
  listen: 8080,
  tiers: [
    {
      ...{ name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10 },
      servers: ids.map((id, index) => ({ id, address: '10.0.0.1', port: 9000 + index })),
    },
  ],
})
const IDS = ['a', 'b', 'c']
const tries = (id: string, outcome: Try['outcome'], count: number, client?: string): Try[] =>
  Array.from({ length: count }, () => ({
    ...{ at: `10.0.0.1:${9000 + IDS.indexOf(id)}`, outcome },
    ...(client === undefined ? {} : { client }),
  }))
/** The same servers by other ids, in another tier. */
const again = (tier: GatewayModel['tiers'][number]) => ({
  ...tier,
  name: 'second',
  servers: tier.servers.map(one => ({ ...one, id: `second ${one.id}` })),
})
const describeChanges = (changes: readonly OutlierChange[]) => changes.map(({ event, id }) => `${event} ${id}`)

/** Two or three engines, each second of traffic as it is given. */
function traffic(...ids: string[]) {
  const outliers = createOutliers()
  outliers.among(modelOf(...ids))
  let now = 0
  return {
    outliers,
    second(...observed: Try[][]): string[] {
      now += 1_000
      outliers.heed(observed.flat(), now)
      return describeChanges(outliers.assess(now))
    },
    /** The seconds after which the first of those changes was made. */
    secondsUntil(event: string, ...observed: Try[][]): number {
      for (let seconds = 1; seconds < 300; seconds += 1) if (this.second(...observed).includes(event)) return seconds
      return Number.POSITIVE_INFINITY
    },
  }
}

describe('one line of the access log', () => {
  const line = (upstream: string, answers: string, connects: string) => JSON.stringify({ upstream, answers, connects })
  const bare = (protocol: string, sent: number, body: number) =>
    JSON.stringify({ upstream: 'a:1 : b:2', answers: '502 : 200', connects: '0.0 : 0.0', protocol, sent, body })
  it.each([
    ['one answer', line('10.0.0.1:9000', '200', '0.001'), ['10.0.0.1:9000 answered']],
    ['an error', line('10.0.0.1:9000', '500', '0.000'), ['10.0.0.1:9000 failed']],
    ['what is not implemented', line('a:1', '501', '0.0'), ['a:1 answered']],
    ['one that is full', line('a:1, b:2', '503, 429', '0.0, 0.0'), ['a:1 failed', 'b:2 failed']],
    ['what is not HTTP', bare('HTTP/1.1', 9, 9), ['a:1 failed', 'b:2 failed']],
    ['an answer that has a head', bare('HTTP/1.1', 209, 9), ['a:1 failed', 'b:2 answered']],
    ['a client that takes no head', bare('', 9, 9), ['a:1 failed', 'b:2 answered']],
    ['a client that went away before the head', bare('HTTP/1.1', 0, 0), ['a:1 failed', 'b:2 answered']],
    ['a refused one, and the next', line('a:1, b:2', '502, 200', '-, 0.001'), ['a:1 refused', 'b:2 answered']],
    ['a second delivery', line('a:1 : b:2', '502 : 504', '0.001 : -'), ['a:1 failed', 'b:2 refused']],
    ['a client that went away', line('a:1', '-', '0.001'), []],
    ['no engine', line('', '', ''), []],
    ['lists that do not agree', line('a:1, b:2', '500', '0.0'), []],
    ['too few times', line('a:1, b:2', '500, 200', '0.0'), []],
    ['requests that are wrong', line('a:1, b:2', '400, 499', '0.0, 0.0'), ['a:1 answered', 'b:2 answered']],
    ['another format', '10.0.0.9 - - "GET / HTTP/1.1" 500', []],
    ['another shape', '[1]', []],
    ['null', 'null', []],
  ])('says: %s', (_, text, expected) => {
    expect(triesOf(text).map(one => `${one.at} ${one.outcome}`)).toEqual(expected)
  })

  it('says who asked', () => {
    const text = JSON.stringify({ upstream: 'a:1', answers: '500', connects: '0.0', client: '10.0.0.9' })
    expect(triesOf(text)).toEqual([{ at: 'a:1', outcome: 'failed', client: '10.0.0.9' }])
  })
})

describe('one client whose requests fail', () => {
  const others = () => IDS.flatMap(id => tries(id, 'answered', 2, 'other'))

  it.each([
    ['at every engine takes none from others, though most come to one', ['b', 'c'], 'failed', 'other', []],
    [
      'where those of others do too, and is answered elsewhere, shows which engine it is',
      ['b', 'c'],
      'answered',
      'x',
      ['set aside a'],
    ],
    ['and that is known from this engine alone may be right', [], 'failed', 'x', ['set aside a']],
    ['at two of three, and is answered by the third, may be right', ['b'], 'failed', 'x', ['set aside a']],
  ] as const)('%s', (_, elsewhere, outcome, third, expected) => {
    const three = traffic(...IDS)
    three.second(
      elsewhere.flatMap(id => tries(id, outcome, 2, 'x')),
      tries('c', 'answered', 2, third),
      others(),
    )
    expect(three.second(tries('a', 'failed', 9, 'x'), others())).toEqual(expected)
  })

  it('is not believed again while it goes on, and what it did to an engine is undone', () => {
    const two = traffic('a', 'b')
    const well = [...tries('a', 'answered', 1, 'other'), ...tries('b', 'answered', 5, 'other')]
    expect(two.second(tries('a', 'failed', 5, 'x'), well)).toEqual(['set aside a'])
    const ofX = [...tries('a', 'failed', 1, 'x'), ...tries('b', 'failed', 3, 'x')]
    expect(two.secondsUntil('on trial a', well, ofX)).toBe(5)
    expect(two.secondsUntil('taken back a', well, ofX)).toBe(5)
    for (let second = 0; second < 60; second += 1) {
      const most = [...tries('a', 'failed', second % 2 === 0 ? 9 : 1, 'x'), ...tries('b', 'failed', 2, 'x')]
      expect(two.second(well, most)).toEqual([])
    }
  })

  it('at all engines is believed about the one that is not well again', () => {
    const two = traffic('a', 'b')
    const ofA = tries('a', 'failed', 9, 'x')
    for (let second = 0; second < 20; second += 1) two.second(ofA, tries('b', 'failed', 50, 'x'))
    expect(two.secondsUntil('set aside a', ofA, tries('b', 'answered', 2, 'x'))).toBe(12)
  })

  it('and that is gone for half a minute is believed again', () => {
    const two = traffic('a', 'b')
    const well = tries('b', 'answered', 5, 'other')
    two.second(tries('b', 'failed', 3, 'x'), well)
    for (let second = 0; second < 31; second += 1) two.second(well)
    expect(two.second(tries('a', 'failed', 5, 'x'), well)).toEqual(['set aside a'])
  })
})

describe('an engine whose answers fail while those of others do not', () => {
  it.each([
    ['answers 500 to all', tries('a', 'failed', 40), tries('b', 'answered', 4), ['set aside a']],
    ['… beside one that has not finished anything yet', tries('a', 'failed', 40), [], ['set aside a']],
    ['fails five times of ten', [...tries('a', 'failed', 5), ...tries('a', 'answered', 5)], [], ['set aside a']],
    ['does not take connections', tries('a', 'refused', 2), tries('b', 'answered', 2), ['set aside a']],
    ['fails four times', tries('a', 'failed', 4), tries('b', 'answered', 40), []],
    ['fails in a third', [...tries('a', 'failed', 10), ...tries('a', 'answered', 20)], tries('b', 'answered', 9), []],
    ['fails as the other does', tries('a', 'failed', 10), tries('b', 'failed', 10), []],
    [
      'fails twice as often as the other',
      tries('a', 'failed', 10),
      [...tries('b', 'failed', 4), ...tries('b', 'answered', 4)],
      ['set aside a'],
    ],
    [
      'fails less than twice as often as the other',
      tries('a', 'failed', 10),
      [...tries('b', 'failed', 4), ...tries('b', 'answered', 3)],
      [],
    ],
  ])('is put aside where it should: %s', (_, ofA, ofB, expected) => {
    expect(traffic('a', 'b').second(ofA, ofB)).toEqual(expected)
  })

  it('is put aside beside another such, as long as one is left', () => {
    const three = traffic('a', 'b', 'c')
    expect(three.second(tries('a', 'failed', 9), tries('b', 'failed', 9), tries('c', 'answered', 1))).toEqual([
      'set aside a',
      'set aside b',
    ])
  })

  it('stays where it is the only one', () => {
    const one = traffic('a')
    expect([one.second(tries('a', 'failed', 99)), one.outliers.shareOf('a')]).toEqual([[], {}])
  })

  it('is not judged by what failed more than three seconds ago', () => {
    const two = traffic('a', 'b')
    expect(two.second(tries('a', 'failed', 4))).toEqual([])
    expect([two.second(), two.second(), two.second()]).toEqual([[], [], []])
    expect(two.second(tries('a', 'failed', 4))).toEqual([])
    expect(two.second(tries('a', 'failed', 1))).toEqual(['set aside a'])
  })

  it('is compared with those of its own tier alone', () => {
    const alone = (id: string) =>
      modelOf('a', 'b').tiers.map(tier => ({ ...tier, name: id, servers: tier.servers.filter(one => one.id === id) }))
    const fresh = createOutliers()
    fresh.among({ listen: 8080, tiers: [...alone('a'), ...alone('b')] })
    fresh.heed([...tries('a', 'failed', 9), ...tries('b', 'answered', 9)], 1_000)
    expect(fresh.assess(1_000)).toEqual([])
  })

  it('is each of those that stand at its address', () => {
    const model = modelOf('a', 'b')
    const twice = { ...model, tiers: model.tiers.flatMap(one => [one, again(one)]) }
    const fresh = createOutliers()
    fresh.among(twice)
    fresh.heed([...tries('a', 'failed', 9), ...tries('b', 'answered', 9)], 1_000)
    expect(describeChanges(fresh.assess(1_000))).toEqual(['set aside a', 'set aside second a'])
  })

  it('is tried again after 5, 10 … 60 s with a few requests, one of which suffices to put it aside', () => {
    const two = traffic('a', 'b')
    const well = tries('b', 'answered', 5)
    two.second(tries('a', 'failed', 5), well)
    const rests: number[] = []
    for (let round = 0; round < 6; round += 1) {
      rests.push(two.secondsUntil('on trial a', well))
      expect(two.outliers.shareOf('a')).toEqual({ trial: true })
      expect(two.second(tries('a', 'failed', 1), well)).toEqual(['set aside a'])
      expect(two.outliers.shareOf('a')).toEqual({ backup: true })
    }
    expect(rests).toEqual([5, 10, 20, 40, 60, 60])
  })

  it('stays on trial until it has answered: of one without a request it is not known', () => {
    const two = traffic('a', 'b')
    const well = tries('b', 'answered', 5)
    two.second(tries('a', 'refused', 5), well)
    expect(two.secondsUntil('on trial a', well)).toBe(5)
    expect(two.secondsUntil('taken back a', well)).toBe(Number.POSITIVE_INFINITY)
    expect(two.second(tries('a', 'answered', 1), well)).toEqual(['taken back a'])
  })

  it('is back when its trial went well, and as any other after a minute', () => {
    const two = traffic('a', 'b')
    const well = tries('b', 'answered', 5)
    two.second(tries('a', 'failed', 5), well)
    expect(two.secondsUntil('on trial a', well)).toBe(5)
    expect(two.secondsUntil('taken back a', tries('a', 'answered', 1), well)).toBe(5)
    expect(two.outliers.shareOf('a')).toEqual({})
    expect(two.second(tries('a', 'failed', 2), well)).toEqual(['set aside a'])
    expect(two.secondsUntil('taken back a', tries('a', 'answered', 1), well)).toBe(15)
    for (let second = 0; second < 60; second += 1) expect(two.second(well)).toEqual([])
    expect(two.second(tries('a', 'failed', 4), well)).toEqual([])
    expect(two.second(tries('a', 'failed', 4), well)).toEqual(['set aside a'])
    expect(two.secondsUntil('on trial a', well)).toBe(5)
  })

  it('is back at once when all others fail too, and for a while no engine is put aside then', () => {
    const two = traffic('a', 'b')
    two.second(tries('a', 'failed', 5), tries('b', 'answered', 5))
    expect(two.secondsUntil('taken back a', tries('b', 'failed', 5))).toBe(1)
    expect(two.second(tries('a', 'failed', 50))).toEqual([])
    expect(two.outliers.shareOf('a')).toEqual({})
  })

  it('is put aside again when ten seconds have passed since all failed', () => {
    const two = traffic('a', 'b')
    two.second(...['a', 'b'].map(id => tries(id, 'failed', 5)))
    const well = tries('b', 'answered', 40)
    expect(two.secondsUntil('set aside a', tries('a', 'failed', 5), well)).toBe(10)
  })

  it('is not spared for having been alone before', () => {
    const two = traffic('a')
    two.second(tries('a', 'failed', 9))
    two.outliers.among(modelOf('a', 'b'))
    expect(two.second(tries('a', 'failed', 9))).toEqual(['set aside a'])
  })

  it('is back at once when all others go', () => {
    const two = traffic('a', 'b')
    two.second(tries('a', 'failed', 5), tries('b', 'answered', 5))
    two.outliers.among(modelOf('a'))
    expect(two.second()).toEqual(['taken back a'])
  })

  it('is as new when it was gone meanwhile', () => {
    const two = traffic('a', 'b')
    two.second(tries('a', 'failed', 5))
    two.outliers.among(modelOf('b'))
    two.outliers.among(modelOf('a', 'b'))
    expect([two.outliers.shareOf('a'), two.second(tries('a', 'failed', 4))]).toEqual([{}, []])
  })
})

it('no engine is aside when all engines have answered garbage for a minute and are well again', () => {
  const three = traffic('a', 'b', 'c')
  for (let second = 0; second < 60; second += 1) three.second(...IDS.map(id => tries(id, 'failed', 7)))
  expect(IDS.map(three.outliers.shareOf)).toEqual([{}, {}, {}])
  for (let second = 0; second < 60; second += 1) {
    expect(three.second(...IDS.map(id => tries(id, 'answered', 7)))).toEqual([])
  }
})
