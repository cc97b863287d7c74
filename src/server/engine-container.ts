import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { environments } from '../containers/environments.ts'
import type { Containment } from '../containers/runtime.ts'
import { RUNTIMES } from '../containers/runtimes.ts'
import type { ContainerSpec, ReplicaSpec } from '../domain/replica-spec.ts'
import { findProgram } from '../system/find-program.ts'
import { mountsFor } from './container-mounts.ts'
import { ask } from './inspect-program.ts'

/** Where Hugging Face's libraries keep what they download, and look first. */
const CACHES = ['HF_HOME'] as const

/** How the engine's program is started in the tier's image. */
export async function containEngine(order: {
  readonly container: ContainerSpec
  readonly spec: ReplicaSpec
  /** What the engine reads: paths of this node. */
  readonly needs: readonly string[]
  /** The engine's, whole. */
  readonly environment: Readonly<Record<string, string>>
  /** Of this process. */
  readonly jobEnv: Readonly<Record<string, string | undefined>>
  /** `NAME=value`: also the engine's processes in the container carry it. */
  readonly marker: string
  readonly scratch: string
  readonly node: string
}): Promise<Containment> {
  const { container, spec, environment, jobEnv, marker } = order
  const runtime = RUNTIMES[container.runtime]
  const [markName = '', id = ''] = marker.split('=')
  const { inside, outside } = environments(runtime, {
    engine: { ...environment, [markName]: id },
    asked: spec.env,
    job: jobEnv,
  })
  const scratch = join(order.scratch, 'container')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const caches = CACHES.flatMap(name => (inside[name]?.startsWith('/') === true ? [inside[name]] : []))
  const unasked = 'mountsNothing' in runtime ? [] : [...(await mountsFor(order.needs)), ...caches.map(writable)]
  const targets = new Set(container.mounts.map(one => one.target))
  return runtime.contain({
    container,
    command: spec.command,
    mounts: [...container.mounts, ...unasked.filter(one => !targets.has(one.target))],
    inside,
    asked: spec.env,
    outside,
    name: `sluice-${id}`,
    scratch,
    node: order.node,
    cpus: Number(jobEnv['SLURM_CPUS_ON_NODE'] ?? 1),
  })
}

/** What of its runtime, its plugin and its image this node lacks, in words. */
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
    const help = await ask(found, ['--help'], { PATH: env['PATH'] ?? '' })
    return help.includes(runtime.plugin.option) ? [] : [runtime.plugin.missing]
  }
}

function toNeed({ source }: ContainerSpec['mounts'][number]) {
  return { path: source, what: 'mount' }
}

function writable(path: string) {
  return { source: path, target: path, isReadOnly: false }
}
