import { describe, expect, it } from 'vitest'
import { labTestArguments, readLabTest } from '../../scripts/lab-test-command.ts'

const FILES = ['jobs/path.test.ts', 'operating/status.test.ts']

describe('npm run lab:test', () => {
  it.each(['path', 'path.test.ts', 'test/lab/jobs/path.test.ts'])('knows its file as "%s"', given => {
    expect(readLabTest([given], FILES)).toEqual({ flavour: 'sid', files: ['jobs/path.test.ts'], title: undefined })
  })

  it('takes a flavour and a title, and a file below a folder by its name', () => {
    const test = readLabTest(['status', '--flavour=bookworm', '-t', 'two words'], FILES)
    expect(test).toEqual({ flavour: 'bookworm', files: ['operating/status.test.ts'], title: 'two words' })
    const words = labTestArguments(test)
    expect(words.slice(0, 3)).toEqual(['test/lab/main.ts', '--flavour=bookworm', '--'])
    expect(words.slice(-3)).toEqual(['test/lab/operating/status.test.ts', '-t', 'two words'])
  })

  it('names what there is for a file or flavour that is not there', () => {
    expect(() => readLabTest([], FILES)).toThrow('without its file: write one of path, status')
    expect(() => readLabTest(['paths'], FILES)).toThrow('Cannot find the lab test "paths": write one of path, status')
    expect(() => readLabTest(['path', '--flavour=buster'], FILES)).toThrow(
      'Cannot make a lab "buster": write one of sid',
    )
  })
})
