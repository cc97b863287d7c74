import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { bundleRouter, ROUTER_PATH } from '../../../../scripts/router.ts'

it('the router that is installed is the one of these sources', async () => {
  expect(await readFile(ROUTER_PATH, 'utf8'), 'it is out of date: run npm run docs').toBe(await bundleRouter())
})
