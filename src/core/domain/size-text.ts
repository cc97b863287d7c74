/** Bytes for people, to a tenth of the largest unit in which the number is at least 1. */
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
