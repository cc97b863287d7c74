import { expect } from 'vitest'
import { findNginx } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { ask } from './ask.ts'
import { type LabGateway, labEngine, labTier, startLabGateway } from './lab-gateway.ts'

/** A gateway and two models that differ in their only engine; `answeringPort` tells which one is served. */
export async function twoModels(): Promise<{
  lab: LabGateway
  first: GatewayModel
  second: GatewayModel
  answeringPort(): Promise<number>
}> {
  const lab = await startLabGateway()
  const [first, second] = [lab.model(labTier([await labEngine()])), lab.model(labTier([await labEngine()]))]
  const answeringPort = async () => JSON.parse((await ask({ port: lab.port, path: '/v1/x' })).text).port
  return { lab, first, second, answeringPort }
}

export function masterOf(lab: LabGateway): number {
  const master = findNginx(lab.directory).find(one => one.role === 'master')
  if (master === undefined) throw new Error('Cannot find the master of nginx')
  return master.pid
}

/** And waits until it is gone. */
export async function killMaster(lab: LabGateway): Promise<void> {
  const master = masterOf(lab)
  process.kill(master, 'SIGKILL')
  await expect.poll(() => findNginx(lab.directory).some(one => one.pid === master)).toBe(false)
}
