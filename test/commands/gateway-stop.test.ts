import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gatewayStop } from '../../src/commands/gateway-stop.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { openSmallSite } from '../support/small-site.ts'

it.each(['no state yet', 'a state directory without an nginx'])('says that there is none to stop: %s', async what => {
  await using site = await openSmallSite()
  const directory = join(site.slurm.home, 'state/main')
  if (what !== 'no state yet') await mkdir(directory, { recursive: true })
  await gatewayStop({ within: '600' }, site.context)
  expect(site.context.printed).toEqual([`No nginx of gateway "main" runs in "${directory}" as ${userInfo().username}`])
})

it('refuses to stop the nginx of the system', async () => {
  await using site = await openSmallSite('nginx: system')
  await expect(gatewayStop({ within: '600' }, site.context)).rejects.toThrow(
    /^Cannot stop gateway "main": it uses the system's nginx/,
  )
})

it.each(['soon', '-1', '1.5', '86401'])('refuses --within %s', async within => {
  await using site = await openSmallSite()
  await expect(gatewayStop({ within }, site.context)).rejects.toThrow(
    new UserError(`Cannot stop within "${within}": --within takes whole seconds, at most 86400`),
  )
})

it('names a configuration that does not exist', async () => {
  await using site = await openSmallSite()
  await expect(gatewayStop({ within: '600', config: 'no.yaml' }, site.context)).rejects.toThrow(
    new UserError('Cannot read no.yaml: it does not exist; --config must name a file'),
  )
})
