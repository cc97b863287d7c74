import type { Context } from '../core/context.ts'
import { runReplica, type SuperviseOptions } from '../programs/supervisor/run.ts'

/** `sluice supervise`: runs one replica, whose spec comes on standard input. */
export async function supervise(options: SuperviseOptions, context: Context): Promise<void> {
  await runReplica(options, context)
}
