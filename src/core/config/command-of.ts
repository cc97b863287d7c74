import { ENGINES } from '../engines/index.ts'
import type { TierConfig } from './schema.ts'

/** The program that starts a tier's engine; empty only for the demo engine. */
export function commandOf({ command, engine }: Pick<TierConfig, 'command' | 'engine'>): string {
  return command ?? ENGINES[engine].command ?? ''
}
