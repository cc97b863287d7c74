import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { planLabs } from '../../scripts/lab-plan.ts'

const LAB = join(import.meta.dirname, '../lab')
const files = (await readdir(LAB, { recursive: true })).filter(name => name.endsWith('.test.ts'))

it('every file runs on the newest cluster, once', () => {
  const onSid = planLabs(files).filter(step => step.flavour === 'sid')
  expect(onSid.flatMap(step => step.files).toSorted()).toEqual(files.toSorted())
})

it('a file that nobody has measured runs, too', () => {
  const steps = planLabs([...files, 'new.test.ts'])
  expect(steps.flatMap(step => step.files)).toContain('new.test.ts')
})

it('the old ones get what may differ on them', () => {
  const on = (flavour: string) => planLabs(files).filter(step => step.flavour === flavour)
  const names = on('bookworm').flatMap(step => step.files.map(file => basename(file)))
  expect(names).toContain('gateway-system.test.ts')
  expect(names).not.toContain('up.test.ts')
  expect(on('qos').map(step => step.files)).toEqual([['cluster/lab.test.ts', 'jobs/path.test.ts']])
})

it('the longest step comes first, and none is much longer than another of its cluster', () => {
  const steps = planLabs(files)
  const seconds = steps.map(step => step.seconds)
  expect(seconds).toEqual(seconds.toSorted((a, b) => b - a))
  const onSid = steps.filter(step => step.flavour === 'sid').map(step => step.seconds)
  expect(Math.max(...onSid) - Math.min(...onSid)).toBeLessThan(60)
})
