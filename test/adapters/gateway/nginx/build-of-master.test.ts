import { expect, it } from 'vitest'
import { buildOfMaster } from '../../../../src/adapters/gateway/nginx/build-of-master.ts'
import type { NginxCommand } from '../../../../src/adapters/gateway/nginx/nginx-command.ts'
import { nginxLike } from './nginx-like.ts'

it('asks a master what it was built with once, another one anew, and what would be started each time', async () => {
  const asked: (number | undefined)[] = []
  const version: NginxCommand['version'] = async master => {
    asked.push(master?.pid)
    return `nginx version: nginx/1.30.${asked.length}`
  }
  const buildOf = buildOfMaster({ version } as NginxCommand)
  const [first, second] = [await nginxLike('master'), await nginxLike('master')]
  expect((await buildOf(first)).version).toBe('1.30.1')
  expect((await buildOf(first)).version).toBe('1.30.1')
  expect((await buildOf(second)).version).toBe('1.30.2')
  expect((await buildOf(undefined)).version).toBe('1.30.3')
  expect((await buildOf(undefined)).version).toBe('1.30.4')
  await second.end()
  expect((await buildOf(second)).version).toBe('1.30.5')
  expect(asked).toEqual([first.pid, second.pid, undefined, undefined, second.pid])
})
