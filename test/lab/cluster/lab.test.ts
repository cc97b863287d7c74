import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import { afterEach, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { asUser } from './as-user.ts'
import { readCluster } from './cluster-state.ts'
import { MODELS_DIRECTORY, SHARED_DIRECTORY } from './directories.ts'
import { onNode } from './on-node.ts'
import { startSlurmctld, stopSlurmctld } from './slurm-daemons.ts'
import { cancel, nodeStates, preempt, showJob } from './slurm-view.ts'

const jobs: string[] = []

afterEach(async () => {
  await Promise.all(jobs.splice(0).map(cancel))
  const queue = async () => (await execa('squeue', ['--noheader'])).stdout
  await until('an empty queue', queue, { holds: text => text === '', timeoutMs: 30_000 })
})

const { options } = await readCluster()

it('three nodes are idle, and each is a machine of its own', async () => {
  // A node that a job of an earlier file was to get is "planned" until the scheduler's next round.
  const areIdle = (states: Readonly<Record<string, string>>) => Object.values(states).every(state => state === 'idle')
  const states = await until('idle nodes', nodeStates, { holds: areIdle, timeoutMs: 60_000 })
  expect(Object.keys(states).sort()).toEqual(['vasp-01', 'vasp-02', 'vasp-03'])
  expect((await onNode('vasp-02', ['hostname'])).stdout).toBe('vasp-02')
  expect((await onNode('vasp-02', ['ip', '-brief', '-4', 'addr'])).stdout).toContain('10.77.0.12/24')
  expect((await execa('hostname')).stdout).toBe('slurm-ctl')
})

it('a job outlives a restart of slurmctld', async () => {
  const job = await submit('outlives', 'vasp-03', ['exec sleep 600'])
  await until('the job', () => showJob(job), { holds: isRunning, timeoutMs: 30_000 })
  await stopSlurmctld()
  await startSlurmctld()
  const after = await until('an answer about the job', () => showJob(job), { timeoutMs: 60_000 })
  expect(after).toMatchObject({ JobState: 'RUNNING', Restarts: '0', NodeList: 'vasp-03' })
})

it.skipIf(options.graceSeconds === 0)(
  'the preemptor gets the node after the grace, of which a step hears at once and the batch script at its end',
  async () => {
    const log = `${SHARED_DIRECTORY}/preempted.log`
    // Nobody starts a second sleep: where Slurm signals the whole tree, it would come in the place of a killed one, belong
    // to nobody and hold the node.
    const job = await submit('preempted', 'vasp-01', [
      'sleep infinity & idle=$!',
      `trap 'echo "batch TERM $(date +%s)"; kill $idle; exit' TERM`,
      `echo "run \${SLURM_RESTART_COUNT:-0} on $(hostname) with GPU $CUDA_VISIBLE_DEVICES"`,
      `srun --overlap -N1 -n1 --gres=none --kill-on-bad-exit=0 --input=none sh -c 'sleep infinity &
       trap "echo step TERM; kill $!; exit 42" TERM USR2; echo step listens; while :; do wait; done' &`,
      'while :; do wait; done',
    ])
    await until('the step', () => readFile(log, 'utf8'), {
      holds: text => text.includes('step listens'),
      timeoutMs: 30_000,
    })
    expect(await readFile(log, 'utf8')).toContain('run 0 on vasp-01 with GPU 0\n')

    const preemptor = await preempt('vasp-01')
    jobs.push(preemptor)
    await until('the notice', () => readFile(log, 'utf8'), {
      holds: text => text.includes('step TERM'),
      timeoutMs: 30_000,
    })
    const noticed = await showJob(job)
    expect(noticed).toMatchObject({ JobState: 'RUNNING', Restarts: '0', PreemptTime: expect.stringMatching(/^\d{4}-/) })
    expect(await readFile(log, 'utf8')).not.toContain('batch TERM')

    const requeued = await until('the requeue', () => showJob(job), {
      holds: ({ JobState, Restarts }) => JobState === 'PENDING' && Restarts === '1',
      timeoutMs: (options.graceSeconds + options.killWaitSeconds + 60) * 1000,
    })
    expect(requeued).toMatchObject({ JobId: job, Reason: expect.not.stringContaining('Held') })
    const told = Number(/batch TERM (\d+)/.exec(await readFile(log, 'utf8'))?.[1])
    const graceSeconds = told - Date.parse(noticed['PreemptTime'] ?? '') / 1000
    expect(graceSeconds).toBeGreaterThanOrEqual(options.graceSeconds)
    expect(graceSeconds).toBeLessThanOrEqual(options.graceSeconds + 31)

    await until('the preemptor', () => showJob(preemptor), { holds: isRunning, timeoutMs: 30_000 })
    await cancel(preemptor)
    await until('the second run', () => showJob(job), { holds: isRunning, timeoutMs: 60_000 })
    await until('its output', () => readFile(log, 'utf8'), {
      holds: text => text.includes('run 1 on'),
      timeoutMs: 10_000,
    })
  },
)

it('a router on a node streams as many tokens as were asked for', async () => {
  const job = await submit('router', 'vasp-02', [
    `exec llama-server --models-dir ${MODELS_DIRECTORY} --models-max 2 --host 0.0.0.0 --port 8080 --threads 1`,
  ])
  await until('the job', () => showJob(job), { holds: isRunning, timeoutMs: 30_000 })
  await until('the router', async () => (await fetch('http://vasp-02:8080/health')).ok, { timeoutMs: 30_000 })
  const response = await fetch('http://vasp-02:8080/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({
      model: 'strand-rust-coder-14b-q8_0',
      messages: [{ role: 'user', content: 'How long is an answer?' }],
      max_tokens: 500,
      stream: true,
      stream_options: { include_usage: true },
    }),
  })
  const events = (await response.text()).split('\n\n').filter(event => event !== '')
  expect(events.at(-1)).toBe('data: [DONE]')
  const chunks = events.slice(0, -1).map(event => JSON.parse(event.slice('data: '.length)) as Chunk)
  expect(chunks.flatMap(chunk => chunk.choices[0]?.delta.content ?? [])).toHaveLength(500)
  expect(chunks.at(-1)?.usage?.completion_tokens).toBe(500)
})

type Chunk = { choices: readonly { delta: { content?: string | null } }[]; usage?: { completion_tokens: number } }

/** A job of Sluice's account in the seed's shape; its output is /cluster/shared/ai/NAME.log. */
async function submit(name: string, node: string, lines: readonly string[]): Promise<string> {
  const script = [
    '#!/bin/bash',
    `#SBATCH --job-name=${name} --partition=gpu_ai --qos=ai_opportunistic --nodelist=${node} --gpus=1 --mem=64G`,
    `#SBATCH --requeue --open-mode=append --output=${SHARED_DIRECTORY}/${name}.log`,
    ...lines,
  ]
  const { stdout } = await asUser('ai', ['sbatch', '--parsable'], { input: `${script.join('\n')}\n` })
  jobs.push(stdout)
  return stdout
}

function isRunning(job: Readonly<Record<string, string>>): boolean {
  return job['JobState'] === 'RUNNING'
}
