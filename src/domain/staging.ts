import type { StageSpec } from './replica-spec.ts'

/** Where what lies below `from` is copied to; its path relative to both. */
export function stagedPath({ from, to }: StageSpec, path: string): { path: string; relative: string } {
  const relative = path.slice(from.length).replace(/^\/+/, '')
  return { path: `${to.replace(/\/+$/, '')}/${relative}`, relative }
}

/**
 * The name pattern of all parts of a model that llama.cpp split, by the name of any of them (reference: llama_split_path():
 * `NAME-00001-of-00003.gguf`); undefined for a file that is whole.
 */
export function partPattern(fileName: string): RegExp | undefined {
  const [, name, count] = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(fileName) ?? []
  if (name === undefined) return undefined
  return new RegExp(`^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}-\\d{5}-of-${count}\\.gguf$`)
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

/** Bytes for people, to a tenth of the largest unit that gives a whole number. */
export function sizeText(bytes: number): string {
  const unit = UNITS.find(one => bytes >= one.bytes)
  return unit === undefined ? `${bytes} B` : `${(bytes / unit.bytes).toFixed(1)} ${unit.name}`
}

const UNITS = [
  { name: 'TiB', bytes: 2 ** 40 },
  { name: 'GiB', bytes: 2 ** 30 },
  { name: 'MiB', bytes: 2 ** 20 },
  { name: 'KiB', bytes: 2 ** 10 },
]
