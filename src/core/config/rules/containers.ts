import type { RUNTIMES } from '../../containers/runtimes.ts'
import { badKey, badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { MOUNTABLE } from '../formats.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

type Runtime = keyof typeof RUNTIMES

interface Images {
  readonly pattern: RegExp
  readonly found: string
  readonly fix: string
}

const NAMED: Images = {
  pattern: /^[^/#]/,
  found: 'is not the name of an image',
  fix: 'write the name of an image on the nodes, such as vllm/vllm-openai:v0.11.0',
}

const IMAGES: Readonly<Record<Runtime, Images>> = {
  apptainer: {
    pattern: /^\//,
    found: 'is not a path: each job would fetch and convert it',
    fix: 'write the absolute path of a .sif file or a sandbox directory; apptainer build IMAGE.sif docker://… makes one',
  },
  shifter: NAMED,
  'podman-hpc': NAMED,
  pyxis: {
    pattern: /^(\/|dockerd?:\/\/|(?!\w+:\/\/))/,
    found: 'is not an image of pyxis',
    fix: 'write the absolute path of a .sqsh file, or a name such as nvcr.io#nvidia/vllm:25.09-py3',
  },
}

/** Options after which the engine could not be found, reached or ended, and options that show values to every account on the node. */
const RESERVED: Readonly<Record<Runtime, readonly string[]>> = {
  apptainer: ['--env', '--pid', '-p', '--containall', '-C', '--net', '-n', '--nv', '--rocm'],
  shifter: ['--image', '-i', '--env', '-e', '--clearenv', '-E', '--entrypoint'],
  'podman-hpc': ['--name', '--env', '-e', '--entrypoint', '--detach', '-d', '--network', '--net', '--gpu'],
  pyxis: ['--container-image', '--container-name', '--container-env', '--container-entrypoint', '--jobid', '-w'],
}

/** Settings of the runtime's client do not reach the engine, because another process starts it. */
const ELSEWHERE: readonly string[] = ['podman-hpc', 'pyxis']

/** An image has the form that its runtime accepts, and every option that Sluice passes can be expressed. */
export const containerRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) => {
    const path = ['tiers', name]
    if (!input.has([...path, 'container'])) return []
    const { runtime } = tier.container ?? {}
    return [
      ...(tier.engine === 'demo'
        ? [badKey([...path, 'container'], 'the demo engine does not run in a container', 'leave it out')]
        : []),
      ...(input.has([...path, 'rpc'])
        ? [badKey([...path, 'container'], 'RPC workers are started outside of images', 'leave one of the two out')]
        : []),
      ...(!input.has([...path, 'rpc']) && (tier.slurm?.nodes ?? 1) > 1
        ? [
            badValue(
              [...path, 'slurm', 'nodes'],
              `${tier.slurm?.nodes} nodes, of which only the first would run the image`,
              'write 1, or leave container out',
            ),
          ]
        : []),
      ...(tier.numa === true && ELSEWHERE.includes(runtime ?? '')
        ? [badValue([...path, 'numa'], `with ${runtime} the binding does not reach the engine`, 'leave it out')]
        : []),
      ...imageFindings([...path, 'container', 'image'], tier),
      ...argumentFindings([...path, 'container', 'args'], tier),
      ...mountFindings([...path, 'container', 'mounts'], tier),
      ...modelFindings(path, tier),
    ]
  })

function imageFindings(path: Path, { container }: RuleTier): ConfigFinding[] {
  const { runtime, image } = container ?? {}
  if (runtime === undefined || image === undefined) return []
  const { pattern, found, fix } = IMAGES[runtime]
  return pattern.test(image) ? [] : [badValue(path, `${quote(image)} ${found}`, fix)]
}

function argumentFindings(path: Path, { container }: RuleTier): ConfigFinding[] {
  const { runtime, args } = container ?? {}
  if (runtime === undefined) return []
  return (args ?? []).flatMap((word, index) => {
    const flag = word?.split('=', 1)[0] ?? ''
    if (!RESERVED[runtime].includes(flag)) return []
    const fix = flag === '--env' || flag === '-e' ? 'write env in the tier' : 'leave it out'
    return [badValue([...path, index], `Sluice sets ${flag}`, fix)]
  })
}

/** Reference: shifter's manual, "Volume Mapping". */
const CLOSED_TO_SHIFTER = /^\/(dev|etc|opt\/udiImage|proc|var)(\/|$)/

function mountFindings(path: Path, { container }: RuleTier): ConfigFinding[] {
  const targets = (container?.mounts ?? []).map(mount => {
    const [source, target] = (mount ?? '').split(':')
    return target?.startsWith('/') === true ? target : source
  })
  return targets.flatMap((target, index) => {
    if (target === undefined || target === '') return []
    if (targets.indexOf(target) < index) {
      return [badValue([...path, index], `${quote(target)} is mounted twice`, 'leave one of them out')]
    }
    return container?.runtime === 'shifter' && CLOSED_TO_SHIFTER.test(target)
      ? [badValue([...path, index], `shifter cannot mount at ${quote(target)}`, 'write another path in the image')]
      : []
  })
}

/** Sluice mounts these itself. */
function modelFindings(path: Path, { model, router, stage }: RuleTier): ConfigFinding[] {
  const paths: [Path, string | undefined][] = [
    [[...path, 'model', 'file'], model?.file],
    [[...path, 'router', 'modelsDir'], router?.modelsDir],
    [[...path, 'stage', 'to'], stage?.to],
  ]
  return paths.flatMap(([at, value]) =>
    value === undefined || MOUNTABLE.test(value)
      ? []
      : [badValue(at, `${quote(value)} cannot be mounted in a container`, 'choose a path without , : ; " \' and \\')],
  )
}
