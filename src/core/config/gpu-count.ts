/** `slurm.gpus`: a count, or a type and a count, as sbatch(1) --gpus-per-node takes it: `a100:4`, `1g.10gb:2`. */
export type Gpus = number | string

/** The count. The text is well formed: formats.TYPED_GPUS. */
export function gpuCount(gpus: Gpus): number {
  return typeof gpus === 'number' ? gpus : Number(gpus.slice(gpus.lastIndexOf(':') + 1))
}
