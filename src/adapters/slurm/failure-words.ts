/** The meaning of a failed command's words. Silence and unknown words do not count as an answer: Slurm may have taken the order. */
export function readFailure(stderr: string): 'no-such-job' | 'done' | 'refused' | 'no-answer' {
  return WORDS.find(([words]) => words.test(stderr))?.[1] ?? 'no-answer'
}

/** Texts of slurm_errno.c and of sbatch's own checks. Each is printed after a refusal by Slurm or by sbatch itself. */
const WORDS: readonly (readonly [RegExp, 'no-such-job' | 'done' | 'refused'])[] = [
  [/Invalid job id specified/, 'no-such-job'],
  [/already completing or completed/, 'done'],
  [/Invalid (?:partition|qos|account|node|feature|generic|wckey|license|job array|time|user|numeric|--)/i, 'refused'],
  [/Requested (?:nodes?|partition|time limit|reservation|operation|account|topology)/, 'refused'],
  [/Required (?:node|partition) not available/, 'refused'],
  [/(?:Node|CPU|Task) count specification invalid|More processors requested than permitted/, 'refused'],
  [/Memory (?:specification can not be satisfied|required by task is not available)/, 'refused'],
  [/Job violates accounting\/QOS policy|Access\/permission denied|Access denied|not permitted/, 'refused'],
  [/No partition specified|Job dependency problem|Job size specification|Pathname of a file/, 'refused'],
  [/Job (?:is pending execution|is no longer pending|is in held state|has already finished)/, 'refused'],
  [/Job can not be altered now|Requested operation is presently disabled/, 'refused'],
  [/unrecognized option|invalid option|requires an argument|Invalid directive found in batch script/, 'refused'],
  [/does not look like a batch script|Batch script (?:is empty|contains)|Script .*too (?:big|large)/, 'refused'],
  [/Unmatched `|Invalid (?:preferred|extra constraints|Trackable|mcs_label|cluster|or unknown association)/, 'refused'],
  [/(?:Invalid|Duplicate|Requested|Insufficient) (?:GRES|generic)|RestrictedCoresPerGPU/, 'refused'],
  [/(?:Task distribution|time-min) specification|--batch option is invalid|Partition in DOWN state/, 'refused'],
  [/System submissions disabled|Multiple partition job request not supported|Circular job dependency/, 'refused'],
  [/current working directory specified|Burst Buffer (?:permission|resource|request)|MaxJobCount limit/, 'refused'],
]

/**
 * The same for a submission. sbatch prints the controller's answer with "Batch job submission failed". An error without these words
 * is a refusal by sbatch itself, before it asked the controller (sbatch.c of 22.05 to 26.05), so there cannot be a job: options
 * that exclude each other, a cli_filter or SPANK plugin of the site. Further words beside the controller's answer are those of the
 * site's job_submit plugin, which the controller passes on.
 */
export function readSubmission(stderr: string): 'refused' | 'no-answer' {
  const known = readFailure(stderr)
  if (known === 'refused') return 'refused'
  if (UNREACHED.test(stderr)) return 'no-answer'
  const lines = stderr.split('\n').filter(line => COMPLAINT.test(line))
  const answers = lines.filter(line => ANSWERED.test(line))
  if (answers.length === 0) return lines.length > 0 ? 'refused' : 'no-answer'
  const isUnexplained = answers.every(line => /: Unspecified error$/.test(line.trim()))
  return isUnexplained && lines.length > answers.length ? 'refused' : 'no-answer'
}

const COMPLAINT = /^sbatch: (?:error: |fatal: |unrecognized |invalid |option |ambiguous )/
const ANSWERED = /Batch job submission failed/

/** Words of a client that could not send its request, or did not receive the answer. */
const UNREACHED =
  /controller|socket|timed? ?out|connect|transport|zero bytes|communicat|message (?:send|receive)|header lengths|munge|auth(?!oriz)|credential|configuration source|rate limit|retrying|standby|temporarily|shutting down|memory allocation|cannot allocate|malloc/i
