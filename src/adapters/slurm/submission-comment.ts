import { randomBytes } from 'node:crypto'

/** A unique comment: `sluice:SITE:TIER:RANDOM`. One for each job to submit, the same over its retries. */
export function submissionComment(site: string, tier: string): string {
  return [PREFIX, site, tier, randomBytes(8).toString('hex')].join(':')
}

/** The tier for which a job was submitted; undefined when the job is not of this site. */
export function tierOfComment(comment: string | undefined, site: string): string | undefined {
  const [prefix, theirSite, tier, random, ...more] = comment?.split(':') ?? []
  const isOurs = prefix === PREFIX && theirSite === site && random !== undefined && more.length === 0
  return isOurs ? tier : undefined
}

const PREFIX = 'sluice'
