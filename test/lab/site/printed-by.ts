import { ACCOUNTS } from '../cluster/accounts.ts'

/** The output of a job, `name-number`, whose tier says nothing of it: on the node, where the job script puts it. */
export function printedBy(job: string): string {
  return `/tmp/sluice-${ACCOUNTS.ai}/${job}.log`
}
