// An updater that does nothing but apply two models in turn, to be killed at any moment.
// argv, all as JSON: what openGateway is told besides, then the two models.
import { openGateway } from '../../../src/adapters/gateway/open-gateway.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'

const [options = '', ...models] = process.argv.slice(2)
const gateway = await openGateway({ ...JSON.parse(options), nginx: 'nginx', env: process.env, clock: systemClock })
for (let turn = 0; ; turn++) {
  const outcome = await gateway.apply(JSON.parse(models[turn % 2] ?? ''), new AbortController().signal)
  process.stdout.write(`${outcome.status}\n`)
}
