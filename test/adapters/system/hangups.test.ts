import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { hearHangups } from '../../../src/adapters/system/hangups.ts'

it('remembers a SIGHUP without a listener, before the first listener and between two', () => {
  const source = new EventEmitter()
  const hangups = hearHangups(source)
  const heard: string[] = []
  source.emit('SIGHUP')
  source.emit('SIGHUP')
  const forget = hangups.listen(() => heard.push('first'))
  expect(heard).toEqual(['first'])
  source.emit('SIGHUP')
  forget()
  source.emit('SIGHUP')
  hangups.listen(() => heard.push('second'))
  expect(heard).toEqual(['first', 'first', 'second'])
})

it('informs all who listen, and not again one who comes later', () => {
  const source = new EventEmitter()
  const hangups = hearHangups(source)
  const heard: string[] = []
  hangups.listen(() => heard.push('first'))
  hangups.listen(() => heard.push('second'))
  source.emit('SIGHUP')
  hangups.listen(() => heard.push('late'))
  expect(heard).toEqual(['first', 'second'])
})

it('reports nothing twice', () => {
  const source = new EventEmitter()
  const hangups = hearHangups(source)
  const heard: string[] = []
  source.emit('SIGHUP')
  hangups.listen(() => heard.push('first'))()
  hangups.listen(() => heard.push('second'))
  expect(heard).toEqual(['first'])
})
