import { expect, it } from 'vitest'
import { readOwnJob } from '../../../src/adapters/slurm/own-job.ts'

const env = { SLURM_JOB_ID: '4242', SLURMD_NODENAME: 'vasp-02', SLURM_JOB_NAME: 'llama-14b' }

it('reads the job, whose first run has no count of restarts', () => {
  expect(readOwnJob(env)).toEqual({ id: '4242', node: 'vasp-02', restarts: 0, name: 'llama-14b' })
  expect(readOwnJob({ ...env, SLURM_RESTART_COUNT: '3' })).toMatchObject({ restarts: 3 })
})

it.each<[string, string]>([
  ['SLURM_JOB_ID', '../../4242'],
  ['SLURM_JOB_ID', '0'],
  ['SLURM_JOB_ID', '42\n'],
  ['SLURM_JOB_ID', ''],
  ['SLURM_JOB_ID', '4242_7'],
  ['SLURM_RESTART_COUNT', '-1'],
  ['SLURM_RESTART_COUNT', '1e3'],
  ['SLURM_RESTART_COUNT', '/../x'],
  ['SLURM_RESTART_COUNT', ''],
  ['SLURMD_NODENAME', '../etc'],
  ['SLURMD_NODENAME', '-o'],
  ['SLURMD_NODENAME', 'a b'],
  ['SLURMD_NODENAME', '\u001b[0m'],
])('refuses %s=%j, which would become part of a path or a command', (name, value) => {
  expect(() => readOwnJob({ ...env, [name]: value })).toThrow(`Cannot supervise: ${name} is ${JSON.stringify(value)}`)
})

it('says how a supervisor is started where there is no job', () => {
  expect(() => readOwnJob({})).toThrow('submit the script with `sluice submit`')
})
