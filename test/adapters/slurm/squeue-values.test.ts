import { describe, expect, it } from 'vitest'
import {
  readCount,
  readDuration,
  readEpoch,
  readExitCode,
  readWord,
} from '../../../src/adapters/slurm/squeue-values.ts'

it.each(['', 'N/A', 'n/a', 'None', 'NONE', 'Unknown', '(null)', 'NOT_SET'])('"%s" is no word and no time', text => {
  expect([readWord(text), readEpoch(text), readDuration(text)]).toEqual(Array(3).fill({ value: undefined }))
})

it('words are kept as they are', () => {
  expect(readWord('vasp-01')).toEqual({ value: 'vasp-01' })
})

describe('counts', () => {
  it.each([
    ['0', { value: 0 }],
    ['4242', { value: 4242 }],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['4242_1', undefined],
    ['12345678901234567', undefined],
  ])('reads "%s"', (text, reading) => {
    expect(readCount(text)).toEqual(reading)
  })
})

describe('times', () => {
  it.each([
    ['1795214887', { value: 1795214887 }],
    ['UNLIMITED', { value: undefined }],
    ['2026-01-31T12:00:00', undefined],
    ['soon', undefined],
  ])('reads "%s"', (text, reading) => {
    expect(readEpoch(text)).toEqual(reading)
  })
})

describe('durations', () => {
  it.each([
    ['0:00', { value: 0 }],
    ['59:59', { value: 3599 }],
    ['1:30:00', { value: 5400 }],
    ['2-01:00:05', { value: 176_405 }],
    ['UNLIMITED', { value: undefined }],
    ['INVALID', { value: undefined }],
    ['12', undefined],
    ['1-2', undefined],
    ['an hour', undefined],
  ])('reads "%s"', (text, reading) => {
    expect(readDuration(text)).toEqual(reading)
  })
})

describe('exit codes', () => {
  it.each([
    ['0:9', { value: '0:9' }],
    ['0', { value: '0:0' }],
    ['768', { value: '3:0' }],
    ['9', { value: '0:9' }],
    ['139', { value: '0:11' }],
    ['4021', { value: '0:53' }],
    ['N/A', { value: undefined }],
    ['bad', undefined],
  ])('reads "%s", be it a pair or the raw status of Slurm 22.05', (text, reading) => {
    expect(readExitCode(text)).toEqual(reading)
  })
})
