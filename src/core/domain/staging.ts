import type { StageSpec } from './replica-spec.ts'
import { sizeText } from './size-text.ts'

/** Where what lies below `from` is copied to; its path relative to both. */
export function stagedPath({ from, to }: StageSpec, path: string): { path: string; relative: string } {
  const relative = path.slice(from.length).replace(/^\/+/, '')
  return { path: `${to.replace(/\/+$/, '')}/${relative}`, relative }
}

export interface CopyProgress {
  /** Bytes on the node so far, and of all. */
  readonly copied: number
  readonly total: number
  /** Since this process began to look, the bytes that it found there then, and milliseconds. */
  readonly first: number
  readonly elapsedMs: number
}

/** `Copying model.gguf to this node: 43 % of 41.2 GiB, 2 min left`; how long is said once there is something to tell it by. */
export function copyMessage(name: string, { copied, total, first, elapsedMs }: CopyProgress): string {
  const percent = total === 0 ? 100 : Math.floor((copied / total) * 100)
  const rate = (copied - first) / elapsedMs
  const left = elapsedMs >= TELLING_MS && rate > 0 ? `, ${durationText((total - copied) / rate)} left` : ''
  return `Copying ${name} to this node: ${percent} % of ${sizeText(total)}${left}`
}

/** A rate before that says more about caches than about what is left. */
const TELLING_MS = 2_000

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}
