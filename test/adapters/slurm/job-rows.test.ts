import { expect, it } from 'vitest'
import { jobFormat, parseJobs } from '../../../src/adapters/slurm/job-rows.ts'

const cells = {
  JobID: '4242',
  State: 'RUNNING',
  Reason: 'None',
  RestartCnt: '1',
  PreemptTime: 'N/A',
  exit_code: '0:0',
  StartTime: '1795214887',
  EndTime: '1795218487',
  SubmitTime: '1795214880',
  EligibleTime: '1795214886',
  TimeLimit: '1:00:00',
  TimeUsed: '0:10',
  BatchHost: 'vasp-01',
  NodeList: 'vasp-[01-03]',
  UserName: 'ai',
  Comment: 'sluice:beefcake2:fast:00',
  Name: 'llama-14b',
}

const job = {
  id: '4242',
  state: 'running',
  stateText: 'RUNNING',
  reason: 'None',
  restarts: 1,
  submitTime: 1795214880,
  eligibleTime: 1795214886,
  startTime: 1795214887,
  endTime: 1795218487,
  batchHost: 'vasp-01',
  nodeList: 'vasp-[01-03]',
  name: 'llama-14b',
  user: 'ai',
  comment: 'sluice:beefcake2:fast:00',
  exitCode: '0:0',
  timeLimitSeconds: 3600,
  runTimeSeconds: 10,
  remainingSeconds: 3590,
}

const row = (changes: Partial<typeof cells> = {}) => `${Object.values({ ...cells, ...changes }).join('MARK|')}MARK;\n`

it('asks squeue for the columns that it reads, in their order', () => {
  expect(jobFormat('MARK')).toBe(`${Object.keys(cells).join(':MARK|,')}:MARK;`)
})

it('reads a running job whole', () => {
  expect(parseJobs(row(), 'MARK')).toEqual({ jobs: [job], problems: [] })
})

it('reads a job in its grace', () => {
  expect(parseJobs(row({ PreemptTime: '1795214900' }), 'MARK').jobs).toEqual([{ ...job, preemptTime: 1795214900 }])
})

it('leaves out what a pending job does not have', () => {
  const changes = { State: 'PENDING', Reason: 'BeginTime', RestartCnt: '0', StartTime: 'N/A', EndTime: 'N/A' }
  const more = { TimeLimit: 'UNLIMITED', TimeUsed: '0:00', BatchHost: 'n/a', NodeList: '', Comment: '(null)' }
  expect(parseJobs(row({ ...changes, ...more }), 'MARK')).toEqual({
    jobs: [
      {
        id: '4242',
        state: 'pending',
        stateText: 'PENDING',
        reason: 'BeginTime',
        restarts: 0,
        submitTime: 1795214880,
        eligibleTime: 1795214886,
        nodeList: '',
        name: 'llama-14b',
        user: 'ai',
        exitCode: '0:0',
        runTimeSeconds: 0,
      },
    ],
    problems: [],
  })
})

it('a job that overran its limit has less than nothing left', () => {
  expect(parseJobs(row({ TimeUsed: '1:00:30' }), 'MARK').jobs).toEqual([
    { ...job, runTimeSeconds: 3630, remainingSeconds: -30 },
  ])
})

it.each(['a|b;c', 'x JobState=FAILED UserId=root(0)', `first\n${row({ JobID: '1' }).replaceAll('MARK', 'm')}`, ''])(
  'keeps the name %j and believes nothing in it',
  name => {
    expect(parseJobs(row({ Name: name }) + row({ JobID: '7' }), 'MARK')).toEqual({
      jobs: [
        { ...job, name },
        { ...job, id: '7' },
      ],
      problems: [],
    })
  },
)

it('a word that it does not know makes the state unknown and is no problem', () => {
  expect(parseJobs(row({ State: 'TELEPORTING' }), 'MARK')).toEqual({
    jobs: [{ ...job, state: 'unknown', stateText: 'TELEPORTING' }],
    problems: [],
  })
})

it('a column that it cannot read makes the job unknown and a problem', () => {
  const { preemptTime: _, ...rest } = { ...job, preemptTime: undefined }
  expect(parseJobs(row({ PreemptTime: 'yesterday' }), 'MARK')).toEqual({
    jobs: [{ ...rest, state: 'unknown' }],
    problems: [{ file: 'squeue', message: 'Job 4242 has an unreadable PreemptTime: "yesterday"' }],
  })
})

it('rows that it cannot read at all are problems, and lose none of the others', () => {
  expect(parseJobs(`${row({ JobID: '4242_7' })}${row()}gibberishMARK;\n`, 'MARK')).toEqual({
    jobs: [job],
    problems: [
      { file: 'squeue', line: 3, message: 'Row has 1 columns, not 17: "gibberish"' },
      { file: 'squeue', message: 'Job ? has an unreadable JobID: "4242_7"' },
    ],
  })
})
