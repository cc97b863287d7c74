import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createApply } from '../../../src/adapters/gateway/apply-model.ts'
import type { GatewayParts } from '../../../src/adapters/gateway/gateway-parts.ts'
import type { NginxCommand } from '../../../src/adapters/gateway/nginx/nginx-command.ts'
import type { NginxInstance } from '../../../src/adapters/gateway/nginx/nginx-instance.ts'
import type { NginxProcess } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { makeStateDirectory } from '../../../src/adapters/gateway/state-directory.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { labTier } from '../../lab/gateway/lab-gateway.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { freePort } from '../../support/stand-in-engine.ts'

const signal = new AbortController().signal
const master: NginxProcess = { pid: 1, startTime: '1', parent: 0, role: 'master', isShuttingDown: false }

/** An nginx that takes everything, and writes down what was asked of it. */
async function recordedHost() {
  const root = await mkdtemp(join(tmpdir(), 'sluice-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const asked: string[] = []
  const now = { master, answer: undefined as number | undefined, isSettled: true, isRefused: false, njs: {} }
  const host: NginxInstance = {
    look: async () => ({
      ...now,
      build: {
        version: '1.30.0',
        hasStatus: true,
        hasKeepaliveMinimum: true,
        hasGzip: true,
        hasCache: true,
        unusedModules: [],
        ...now.njs,
      },
      isStill: async () => true,
    }),
    stillRuns: async () => true,
    rotateLogs: async () => undefined,
    async test(generation) {
      asked.push('test')
      const files = await readdir(join(root, 'state/generations', String(generation)))
      if (now.isRefused) throw new Error('unknown directive')
      if (files.includes('router.js')) throw new Error('module "ngx_http_js_module.so" is not binary compatible')
    },
    listeners: async () => {
      asked.push('listeners')
      return []
    },
    install: async () => void asked.push('install'),
    check: async () => void asked.push('check'),
    load: async generation => {
      asked.push('load')
      now.answer = generation
      return now.master
    },
    keep: async () => undefined,
    workers: async () => [],
    running: async () => undefined,
    stop: async () => undefined,
  }
  const parts: GatewayParts = {
    directory: await makeStateDirectory(join(root, 'state')),
    nginx: {} as NginxCommand,
    templates: { 'nginx.conf': '', 'gateway.conf': '', exchange: '', tier: '', serve: '', delivery: '', router: '' },
    workers: undefined,
    openFiles: 1024,
    amongOthers: undefined,
    env: {},
    clock: manualClock(),
  }
  const apply = createApply(parts, host)
  return {
    now,
    async apply(model: GatewayModel) {
      asked.length = 0
      const outcome = await apply(model, signal)
      return { status: outcome.status, asked: [...asked] }
    },
  }
}

const modelOf = (listen: string, port: number): GatewayModel => ({ listen, tiers: [labTier([{ port }])] })
const [FREE, OTHER] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
const WITH_PORTS = { status: 'applied', asked: ['test', 'listeners', 'install', 'check', 'load'] }
const WITHOUT_PORTS = { status: 'applied', asked: ['test', 'install', 'check', 'load'] }

it('tests, swaps and loads each change, and looks for addresses only where one is new', async () => {
  const { apply } = await recordedHost()
  expect(await apply(modelOf(FREE, 8001))).toEqual(WITH_PORTS)
  expect(await apply(modelOf(FREE, 8002))).toEqual(WITHOUT_PORTS)
  expect(await apply(modelOf(OTHER, 8002))).toEqual(WITH_PORTS)
})

it('looks for all addresses again once another master runs, or another generation, or more than one', async () => {
  const { apply, now } = await recordedHost()
  expect(await apply(modelOf(FREE, 8001))).toEqual(WITH_PORTS)
  now.master = { ...master, startTime: '2' }
  expect(await apply(modelOf(FREE, 8002))).toEqual(WITH_PORTS)
  now.answer = 1
  expect(await apply(modelOf(FREE, 8003))).toEqual(WITH_PORTS)
  now.isSettled = false
  expect(await apply(modelOf(FREE, 8004))).toEqual(WITH_PORTS)
})

it('tests servers where there are none yet, but not where an updater before it has left nginx running', async () => {
  const nobody: GatewayModel = { listen: FREE, tiers: [labTier([])] }
  const first = await recordedHost()
  expect((await first.apply(nobody)).asked.filter(one => one === 'test')).toHaveLength(2)
  const second = await recordedHost()
  second.now.answer = 7
  expect((await second.apply(nobody)).asked.filter(one => one === 'test')).toHaveLength(1)
})

it('does without njs where nginx refuses its module, and asks no more', async () => {
  const { apply, now } = await recordedHost()
  now.njs = { njs: { load: '/nowhere/ngx_http_js_module.so', readsFiles: true } }
  const withModels = (port: number) => ({ listen: FREE, tiers: [labTier([{ port }], { models: ['qwen'] })] })
  const [first, ...others] = [await apply(withModels(8001)), await apply(withModels(8002))]
  expect(first).toEqual({ ...WITH_PORTS, asked: ['test', ...WITH_PORTS.asked] })
  expect(others).toEqual([WITHOUT_PORTS])
})

it('tests a candidate once that nginx refuses for another reason than njs', async () => {
  const { apply, now } = await recordedHost()
  Object.assign(now, { answer: 1, isRefused: true, njs: { njs: { readsFiles: true } } })
  expect(await apply(modelOf(FREE, 8001))).toMatchObject({ status: 'failed', asked: ['test', 'install'] })
})
