import { expect, it } from 'vitest'
import { freePort } from '../../src/adapters/engine/process/address.ts'
import { demoEngine } from '../../src/commands/demo-engine.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { DEMO_KEY } from '../../src/core/engines/demo.ts'
import { recordedContext } from '../support/recorded-context.ts'
import { until } from '../support/until.ts'

const host = '127.0.0.1'

it('lists the models that it is given to whoever has its key, until a signal', async () => {
  const port = await freePort(host)
  const stopped = new AbortController()
  const context = recordedContext({ signal: stopped.signal, env: { [DEMO_KEY]: 'secret' } })
  const over = demoEngine({ host, port: String(port), model: ['a', 'b'] }, context)
  const url = `http://${host}:${port}`
  await until('it to listen', async () => (await fetch(`${url}/health`)).ok, { timeoutMs: 10_000, intervalMs: 5 })
  expect((await fetch(`${url}/v1/models`)).status).toBe(401)
  const answer = await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer secret' } })
  expect(((await answer.json()) as { data: { id: string }[] }).data.map(model => model.id)).toEqual(['a', 'b'])
  stopped.abort()
  await over
  await expect(fetch(`${url}/health`)).rejects.toThrow()
})

it.each(['x', '-1', '65536', '80.5'])('refuses port %s', async port => {
  await expect(demoEngine({ host, port }, recordedContext())).rejects.toThrow(
    new UserError(`Cannot listen on port "${port}": write a number up to 65535`),
  )
})

it('fails where it cannot listen', async () => {
  await expect(demoEngine({ host: '192.0.2.1', port: '0' }, recordedContext())).rejects.toThrow('EADDRNOTAVAIL')
})
