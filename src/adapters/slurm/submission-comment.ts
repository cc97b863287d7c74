import { randomBytes } from 'node:crypto'

/** A comment that no other job has: `sluice:SITE:TIER:RANDOM`. One for each job that is wanted, kept over its retries. */
export function submissionComment(site: string, tier: string): string {
  return [PREFIX, site, tier, randomBytes(8).toString('hex')].join(':')
}

/** Which tier a job was submitted for; undefined when it is not one of this site's. */
export function tierOfComment(comment: string | undefined, site: string): string | undefined {
  const [prefix, theirSite, tier, random, ...more] = comment?.split(':') ?? []
  const isOurs = prefix === PREFIX && theirSite === site && random !== undefined && more.length === 0
  return isOurs ? tier : undefined
}

const PREFIX = 'sluice'
