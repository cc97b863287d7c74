import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { environments } from '../../../core/containers/environments.ts'
import type { Containment, Mount } from '../../../core/containers/runtime.ts'
import { RUNTIMES } from '../../../core/containers/runtimes.ts'
import type { ContainerSpec, ReplicaSpec } from '../../../core/domain/replica-spec.ts'
import { findProgram } from '../../system/find-program.ts'
import { ask } from '../process/inspect-program.ts'
import { mountsFor } from './container-mounts.ts'

/** How to start the engine's program in the tier's image. */
export async function containEngine(order: {
  readonly container: ContainerSpec
  readonly spec: ReplicaSpec
  /** What the engine reads: paths of this node. */
  readonly needs: readonly string[]
  /** Directories of this node that it writes to. */
  readonly writes: readonly string[]
  /** The engine's whole environment. */
  readonly environment: Readonly<Record<string, string>>
  /** This process's environment. */
  readonly jobEnv: Readonly<Record<string, string | undefined>>
  /** `NAME=value`, also in the environment of the engine's processes in the container. */
  readonly marker: string
  readonly scratch: string
  readonly node: string
}): Promise<Containment> {
  const { container, spec, environment, jobEnv, marker } = order
  const runtime = RUNTIMES[container.runtime]
  const [markName = '', id = ''] = marker.split('=')
  const cache = await hubCache(spec, { ...jobEnv, ...environment })
  const asked = { ...cache?.variables, ...spec.env }
  const { inside, outside } = environments(runtime, {
    engine: { ...environment, ...asked, [markName]: id },
    asked,
    job: jobEnv,
  })
  const scratch = join(order.scratch, 'container')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const unasked =
    'mountsNothing' in runtime
      ? []
      : [...(await mountsFor(order.needs)), ...order.writes.map(toWrite), ...(cache?.mounts ?? [])]
  const targets = new Set(container.mounts.map(one => one.target))
  return runtime.contain({
    container,
    command: spec.command,
    mounts: [...container.mounts, ...unasked.filter(one => !targets.has(one.target))],
    inside,
    asked,
    outside,
    name: `sluice-${id}`,
    scratch,
    node: order.node,
    cpus: Number(jobEnv['SLURM_CPUS_ON_NODE'] ?? 1),
  })
}

function toWrite(path: string): Mount {
  return { source: path, target: path, isReadOnly: false }
}

/** Parts of its runtime, its plugin and its image that are missing on this node, in words. */
export async function lacksForContainer(
  { runtime: name, image, mounts }: ContainerSpec,
  env: Readonly<Record<string, string | undefined>>,
  isReadable: (path: string) => Promise<boolean>,
): Promise<string[]> {
  const runtime = RUNTIMES[name]
  const program = await findProgram(runtime.program, env)
  const paths = [...(runtime.isPath(image) ? [{ path: image, what: 'image' }] : []), ...mounts.map(toNeed)]
  const unreadable = await Promise.all(
    paths.map(async ({ path, what }) =>
      (await isReadable(path)) ? [] : [`${what}: "${path}" is missing or unreadable`],
    ),
  )
  return [...(await lacksRuntime(program)), ...unreadable.flat()]

  async function lacksRuntime(found: string | undefined): Promise<string[]> {
    if (found === undefined) return [`"${runtime.program}" is not an executable on PATH (${env['PATH']})`]
    if (!('plugin' in runtime)) return []
    const help = await ask(found, ['--help'], environments(runtime, { engine: {}, asked: {}, job: env }).outside)
    return help.includes(runtime.plugin.option) ? [] : [runtime.plugin.missing]
  }
}

function toNeed({ source }: ContainerSpec['mounts'][number]) {
  return { path: source, what: 'mount' }
}

/**
 * The cache of models downloaded from Hugging Face. It is outside of the container, because the container is temporary. TEI has a
 * variable of its own, which its images set.
 */
async function hubCache(
  { model }: ReplicaSpec,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ variables: Readonly<Record<string, string>>; mounts: readonly Mount[] } | undefined> {
  const home = env['HF_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.cache/huggingface'))
  if (model?.id === undefined || home === undefined) return undefined
  await mkdir(home, { recursive: true })
  return {
    variables: { HF_HOME: home, HUGGINGFACE_HUB_CACHE: join(home, 'hub') },
    mounts: [{ source: home, target: home, isReadOnly: false }],
  }
}
