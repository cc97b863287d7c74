/** What a failed command's words say. Silence and words that we do not know are no answer: the order may have been taken. */
export function readFailure(stderr: string): 'no-such-job' | 'done' | 'refused' | 'no-answer' {
  return WORDS.find(([words]) => words.test(stderr))?.[1] ?? 'no-answer'
}

/** Texts of slurm_errno.c and of sbatch's own checks; each was written after Slurm, or sbatch before it, had said no. */
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
  [/Unmatched `/, 'refused'],
]
