import type { StageSpec } from './replica-spec.ts'
import { sizeText } from './size-text.ts'

/** A copy from below `from` to below `to`, with the path relative to both. */
export function stagedPath({ from, to }: StageSpec, path: string): { path: string; relative: string } {
  const relative = path.slice(from.length).replace(/^\/+/, '')
  return { path: `${to.replace(/\/+$/, '')}/${relative}`, relative }
}

export interface CopyProgress {
  /** Bytes on the node so far, and in total. */
  readonly copied: number
  readonly total: number
  /** The bytes present when this process began to look, and the milliseconds since then. */
  readonly first: number
  readonly elapsedMs: number
}

/** `Copying model.gguf to this node: 43 % of 41.2 GiB, 2 min left`; without the time while the rate is not known yet. */
export function copyMessage(name: string, { copied, total, first, elapsedMs }: CopyProgress): string {
  const percent = total === 0 ? 100 : Math.floor((copied / total) * 100)
  const rate = (copied - first) / elapsedMs
  const left = elapsedMs >= ESTIMATE_AFTER_MS && rate > 0 ? `, ${durationText((total - copied) / rate)} left` : ''
  return `Copying ${name} to this node: ${percent} % of ${sizeText(total)}${left}`
}

/** An earlier rate depends on caches more than on the disk. */
const ESTIMATE_AFTER_MS = 2_000

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}
