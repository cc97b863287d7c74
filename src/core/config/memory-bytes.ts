/** `32G` as bytes; megabytes without a unit, as sbatch(1) reads --mem. The text is well formed: formats.MEMORY. */
export function memoryBytes(text: string): number {
  const unit = /[KMGT]$/i.exec(text)?.[0].toUpperCase() ?? 'M'
  return Number.parseInt(text, 10) * 1024 ** ('KMGT'.indexOf(unit) + 1)
}
