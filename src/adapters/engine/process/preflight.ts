import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReplicaSpec } from '../../../core/domain/replica-spec.ts'
import type { Engine } from '../../../core/engines/engine.ts'
import { lacksForContainer } from '../container/engine-container.ts'
import { addressesIn } from './address.ts'
import { lfsPointerAt } from './lfs-pointer.ts'

/** Why this node cannot run the replica, all reasons at once, or undefined. */
export async function preflight(
  engine: Engine,
  spec: ReplicaSpec,
  env: Readonly<Record<string, string | undefined>>,
  workers: readonly string[],
  problem: string | undefined,
): Promise<string | undefined> {
  const reasons = problem === undefined ? [] : [problem]
  if (addressesIn(spec.networks).length === 0) {
    reasons.push(`this node has no address in ${spec.networks.join(', ')} (gateway.networks)`)
  }
  reasons.push(...(await lacksProgram()))
  for (const need of engine.needs(spec)) {
    const paths = need.or === undefined ? [need.path] : [need.path, need.or]
    const readable = await Promise.all(paths.map(path => may(path, constants.R_OK)))
    if (readable.includes(true)) {
      // In a router's directory only the preloaded models have to exist.
      if (need.path === spec.router?.modelsDir) continue
      const pointer = await lfsPointerAt(paths[readable.indexOf(true)] ?? need.path)
      if (pointer !== undefined) {
        reasons.push(`${need.what}: "${pointer}" is a Git LFS pointer, not the weights; run git lfs pull there`)
      }
      continue
    }
    reasons.push(
      `${need.what}: ${paths.map(path => `"${path}"`).join(' and ')} ${paths.length > 1 ? 'are' : 'is'} missing or unreadable`,
    )
  }
  const beside = spec.rpc?.workers ?? (spec.ranks?.nodes ?? 1) - 1
  if (beside !== workers.length) {
    const key = spec.rpc === undefined ? 'slurm.nodes' : 'rpc.workers'
    reasons.push(`it needs ${beside} nodes beside this one (${key}), and there are ${workers.length}`)
  }
  return reasons.length === 0 ? undefined : `Cannot run ${spec.tier} here: ${reasons.join('; ')}`

  async function lacksProgram(): Promise<readonly string[]> {
    if (engine.subcommand !== undefined) return []
    if (spec.container !== undefined) return lacksForContainer(spec.container, env, path => may(path, constants.R_OK))
    const path = env['PATH'] ?? ''
    const candidates = spec.command.includes('/') ? [spec.command] : path.split(':').map(one => join(one, spec.command))
    if ((await Promise.all(candidates.map(one => may(one, constants.X_OK)))).includes(true)) return []
    return [`"${spec.command}" is not an executable${spec.command.includes('/') ? '' : ` on PATH (${path})`}`]
  }
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false, // any reason is reason enough
  )
}
