import { expect, it } from 'vitest'
import { stepEndpoint } from '../../../src/programs/supervisor/endpoint-machine.ts'
import { NEW_ENDPOINT } from '../../../src/programs/supervisor/endpoint-state.ts'
import { isHopeless } from '../../../src/programs/supervisor/hopeless.ts'

it.each([
  ['llama.cpp', 'error: invalid argument: --frobnicate'],
  ['llama.cpp', 'error while handling argument "--ctx-size": stoi'],
  ['llama.cpp', "gguf_init_from_file_ptr: invalid magic characters: 'abcd', expected 'GGUF'"],
  [
    'llama.cpp',
    "llama_model_load: error loading model: error loading model architecture: unknown model architecture: 'x'",
  ],
  [
    'llama.cpp',
    "error loading model: tensor 'output.weight' data is not within the file bounds, model is corrupted or incomplete",
  ],
  ['vLLM', 'vllm: error: unrecognized arguments: --frobnicate'],
  ['vLLM', "api_server.py: error: argument --dtype: invalid choice: 'x' (choose from auto)"],
  ['Transformers', 'The checkpoint has model type `x` but Transformers does not recognize this architecture'],
  ['TEI', "error: unexpected argument '--frobnicate' found"],
])('%s never loads after: %s', (_, line) => {
  expect(isHopeless(`Exited with code 1: before\n${line}\nafter`)).toBe(true)
})

it.each([
  'Killed by SIGKILL',
  'Exited with code 1: CUDA error: out of memory',
  "Exited with code 1: couldn't bind HTTP server socket, hostname: 10.0.0.1, port: 8080",
  "failed to open GGUF file '/scratch/m.gguf'",
])('may load the next time after: %s', line => {
  expect(isHopeless(line)).toBe(false)
})

const message = 'Exited with code 1: error: invalid argument: --frobnicate'
const exited = (phase: 'loading' | 'ready') =>
  stepEndpoint({ ...NEW_ENDPOINT, phase }, { kind: 'exited', message }, 0, 60_000)

it('is not started again, and its file says why', () => {
  const [next, actions] = exited('loading')
  expect(next).toMatchObject({ phase: 'stopping', afterStop: 'fail' })
  expect(actions[0]).toEqual({ kind: 'publish', state: 'failed', models: [], message })
})

it('is started again after it has served: what it prints then may be of a client', () => {
  expect(exited('ready')[0]).toMatchObject({ phase: 'stopping', afterStop: 'rest' })
})
