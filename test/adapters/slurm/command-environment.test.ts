import { expect, it } from 'vitest'
import { queryEnvironment, submitEnvironment } from '../../../src/adapters/slurm/command-environment.ts'

const env = {
  PATH: '/usr/bin',
  HOME: '/home/ai',
  LANG: 'C.UTF-8',
  SECRET_TOKEN: 'x',
  NODE_OPTIONS: '--inspect',
  UNSET: undefined,
  SLURM_CONF: '/etc/slurm/slurm.conf',
  SLURM_JWT: 'jwt',
  SLURM_JOB_ID: '1',
  SLURM_TIME_FORMAT: 'relative',
  SLURM_CLUSTERS: 'other',
  SBATCH_PARTITION: 'other',
  SQUEUE_STATES: 'PENDING',
  SCANCEL_STATE: 'PENDING',
  SCONTROL_ALL: '1',
  TZ: 'Europe/Berlin',
}

it('questions keep the environment but for what beats flags, and get epoch seconds', () => {
  expect(queryEnvironment(env)).toEqual({
    PATH: '/usr/bin',
    HOME: '/home/ai',
    LANG: 'C.UTF-8',
    SECRET_TOKEN: 'x',
    NODE_OPTIONS: '--inspect',
    SLURM_CONF: '/etc/slurm/slurm.conf',
    SLURM_JWT: 'jwt',
    SLURM_TIME_FORMAT: '%s',
    TZ: 'UTC',
  })
})

it('a job inherits neither secrets nor settings of its submitter', () => {
  expect(submitEnvironment(env)).toEqual({
    PATH: '/usr/bin',
    HOME: '/home/ai',
    LANG: 'C.UTF-8',
    SLURM_CONF: '/etc/slurm/slurm.conf',
    SLURM_JWT: 'jwt',
  })
})
