import { expect, it } from 'vitest'
import { readFailure, readSubmission } from '../../../src/adapters/slurm/failure-words.ts'

const SUBMISSION = 'sbatch: error: Batch job submission failed:'

it.each([
  ['slurm_load_jobs error: Invalid job id specified', 'no-such-job'],
  ['Invalid job id specified for job 9999', 'no-such-job'],
  ['scancel: error: Kill job error on job id 2: Job/step already completing or completed', 'done'],
  [`${SUBMISSION} Invalid partition name specified`, 'refused'],
  [`${SUBMISSION} Invalid node name specified`, 'refused'],
  [`${SUBMISSION} Invalid qos specification`, 'refused'],
  [`${SUBMISSION} Invalid account or account/partition combination specified`, 'refused'],
  [`${SUBMISSION} Invalid feature specification`, 'refused'],
  [`${SUBMISSION} Invalid license specification`, 'refused'],
  [`${SUBMISSION} Invalid generic resource (gres) specification`, 'refused'],
  [`${SUBMISSION} Requested node configuration is not available`, 'refused'],
  [`${SUBMISSION} Requested reservation is invalid`, 'refused'],
  [`${SUBMISSION} Job dependency problem`, 'refused'],
  [`${SUBMISSION} Access/permission denied`, 'refused'],
  [`${SUBMISSION} Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)`, 'refused'],
  ['sbatch: error: Memory specification can not be satisfied', 'refused'],
  ['sbatch: error: Invalid --time specification', 'refused'],
  ['sbatch: error: Invalid numeric value "0" for --ntasks.', 'refused'],
  [`sbatch: unrecognized option '--frob'\nTry "sbatch --help" for more information`, 'refused'],
  ['sbatch: error: This does not look like a batch script.  The first', 'refused'],
  ['sbatch: error: Batch script is empty!', 'refused'],
  ['sbatch: error: Batch script contains DOS line breaks (\\r\\n)', 'refused'],
  ['sbatch: fatal: stdin: line 2: Unmatched `"` in [--job-name="a]', 'refused'],
  ['Job is no longer pending execution for job 1', 'refused'],
  ['Job has already finished for job 2', 'refused'],
  [`${SUBMISSION} Socket timed out on send/recv operation`, 'no-answer'],
  [`${SUBMISSION} Unable to contact slurm controller (connect failure)`, 'no-answer'],
  [`${SUBMISSION} Zero Bytes were transmitted or received`, 'no-answer'],
  [`${SUBMISSION} Slurm backup controller in standby mode`, 'no-answer'],
  [`${SUBMISSION} Unspecified error`, 'no-answer'],
  [`${SUBMISSION} Transport endpoint is not connected`, 'no-answer'],
  ['sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying', 'no-answer'],
  ['Unexpected message received for job 1', 'no-answer'],
  ['', 'no-answer'],
])('reads %j as %s', (words, meaning) => {
  expect(readFailure(words)).toBe(meaning)
})

it.each([
  ['sbatch: fatal: --gpus-per-node and --gres=gpu are mutually exclusive', 'refused'],
  ['sbatch: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.', 'refused'],
  [`${SUBMISSION} Invalid GRES specification (with and without type identification)`, 'refused'],
  [`${SUBMISSION} Requested GRES option unsupported by configured SelectType plugin`, 'refused'],
  [`${SUBMISSION} MaxJobCount limit reached`, 'refused'],
  [`${SUBMISSION} System submissions disabled`, 'refused'],
  ['sbatch: error: Unable to open file /x', 'refused'],
  [`sbatch: unrecognized option '--frob'`, 'refused'],
  [`sbatch: option '--no' is ambiguous; possibilities: '--nodes' '--nodelist'`, 'refused'],
  ['sbatch: error: Unrecognized gres: gpux', 'refused'],
  ['sbatch: error: cli_filter plugin terminated with error', 'refused'],
  ['sbatch: fatal: Invalid --distribution specification', 'refused'],
  [`sbatch: error: Please name an account of yours\n${SUBMISSION} Unspecified error`, 'refused'],
  [`${SUBMISSION} Unspecified error`, 'no-answer'],
  [
    `sbatch: error: If munged is up, restart with --num-threads=10\n${SUBMISSION} Protocol authentication error`,
    'no-answer',
  ],
  [
    'sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source',
    'no-answer',
  ],
  [`${SUBMISSION} Socket timed out on send/recv operation`, 'no-answer'],
  [`${SUBMISSION} Unable to contact slurm controller (connect failure)`, 'no-answer'],
  ['sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying', 'no-answer'],
  [`${SUBMISSION} What nobody has read before`, 'no-answer'],
  ['a wrapper has died', 'no-answer'],
  ['', 'no-answer'],
])('of a submission, reads %j as %s', (words, meaning) => {
  expect(readSubmission(words)).toBe(meaning)
})
