import type { EngineName } from '../../engines/index.ts'
import { badKey, type ConfigFinding } from '../config-finding.ts'
import { isMap } from '../schema-at.ts'
import { argumentFindings } from './engine-arguments.ts'
import { mistakeFindings } from './known-mistakes.ts'
import type { Reserved } from './reserved-flags.ts'

/**
 * Problems of the arguments in `config` of a server's options; their shape is valid. Unlike in a tier, a flag without an option
 * of its own is allowed, such as `--tensor-parallel-size` or `--max-model-len`.
 */
export function serverArgumentFindings(engine: EngineName, options: unknown): ConfigFinding[] {
  const config = isMap(options) ? options['config'] : undefined
  if (!isMap(config)) return []
  const [first, second] = Object.keys(config)
  if (first === undefined) return []
  if (second !== undefined)
    return [badKey(['config', second], `${first} has arguments too`, 'leave one of the two out')]
  const path = ['config', first]
  return [
    ...argumentFindings(config[first], path, RESERVED[engine] ?? []),
    ...mistakeFindings(engine, config[first], path, FIXES[engine]),
  ]
}

const host = (flag: string) => ({ flags: [flag], found: 'is set by Sluice', fix: 'write host in the options' })
const port = { flags: ['--port'], found: 'is set by Sluice', fix: 'write port in the options' }
const model = (...flags: string[]) => ({ flags, found: 'is set by Sluice', fix: 'write model in the options' })
const key = (variable: string) => ({
  flags: ['--api-key'],
  found: 'would show a secret to every account on the machine',
  fix: `write ${variable} in env_vars`,
})

const RESERVED: Partial<Readonly<Record<EngineName, readonly Reserved[]>>> = {
  'llama.cpp': [host('--host'), port, model('--model', '-m'), key('LLAMA_API_KEY')],
  vllm: [host('--host'), port, model('--model', '--model-tag'), key('VLLM_API_KEY')],
  // It reads its key only from this variable.
  sglang: [host('--host'), port, model('--model-path', '--model')],
  tei: [host('--hostname'), port, model('--model-id'), key('API_KEY')],
}

const FIXES: Partial<Readonly<Record<EngineName, Readonly<Record<string, string>>>>> = {
  vllm: { '--context-length': 'write max-model-len', '--ctx-size': 'write max-model-len' },
  sglang: { '--max-model-len': 'write context-length' },
  tei: Object.fromEntries(
    ['--tensor-parallel-size', '--tp'].map(flag => [flag, 'leave it out: it computes on one GPU']),
  ),
}
