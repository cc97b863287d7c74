import { ENGINES } from '../engines/index.ts'
import type { TierConfig } from './schema.ts'

/** The program that a tier's engine is started by; empty only for an engine that is Sluice's own. */
export function commandOf({ command, engine }: Pick<TierConfig, 'command' | 'engine'>): string {
  return command ?? ENGINES[engine].command ?? ''
}
