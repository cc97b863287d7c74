import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { lock } from 'proper-lockfile'
import { makeTree } from './make-tree.ts'
import { logProgress } from './progress.ts'
import { ENGINES_OF, PACKAGES, RECIPE_VERSION, type Suite, TREE_FILES } from './tree-recipe.ts'

/**
 * The path of a Debian tree that holds everything a cluster needs. It is made once and never written to afterwards;
 * of two runs that want it at the same time one makes it and the other waits.
 */
export async function ensureTree(suite: Suite): Promise<string> {
  const tree = join(cacheDirectory(), `${suite}-${recipeHash(suite)}`)
  if (existsSync(tree)) {
    return tree
  }
  await mkdir(dirname(tree), { recursive: true })
  const lender = ENGINES_OF[suite]
  const enginesFrom = lender && (await ensureTree(lender))
  const release = await lockTree(tree)
  try {
    if (!existsSync(tree)) {
      await makeTree({ suite, tree, enginesFrom })
    }
  } finally {
    await release()
  }
  return tree
}

/** Where trees lie: `$SLUICE_LAB_CACHE`, or `sluice-lab` in the user's cache directory. */
export function cacheDirectory(): string {
  const { SLUICE_LAB_CACHE, XDG_CACHE_HOME } = process.env
  return SLUICE_LAB_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice-lab')
}

function recipeHash(suite: Suite): string {
  const lender = ENGINES_OF[suite]
  const recipe = JSON.stringify([RECIPE_VERSION, PACKAGES[suite], TREE_FILES, lender && recipeHash(lender)])
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12)
}

/** Ten minutes: a slow mirror takes that long, and the lock of a run that was killed goes stale by itself. */
const WAIT_FOR_THE_OTHER_RUN = { retries: 600, factor: 1, minTimeout: 1000, maxTimeout: 1000 }

async function lockTree(tree: string): Promise<() => Promise<void>> {
  const options = { lockfilePath: `${tree}.lock`, stale: 10_000 }
  try {
    return await lock(dirname(tree), options)
  } catch {
    logProgress(`waiting for another run, which holds ${options.lockfilePath}`)
    return lock(dirname(tree), { ...options, retries: WAIT_FOR_THE_OTHER_RUN })
  }
}
