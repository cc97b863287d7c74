import { printable } from '../domain/printable-text.ts'

/** Prints lines for people, whatever they quote: names of files, logs of engines, answers of Slurm. */
export function linePrinter(stream: { write(text: string): unknown }): (line: string) => void {
  return line => void stream.write(`${printable(line)}\n`)
}
