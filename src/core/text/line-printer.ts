import { printableLine } from './printable-text.ts'

/** Prints lines for people, whatever they quote: names of files, logs of engines, answers of Slurm. */
export function linePrinter(stream: { write(text: string): unknown }): (line: string) => void {
  return line => void stream.write(`${printableLine(line)}\n`)
}

/** A text of several lines that is ours as a whole, such as a script, or JSON, whose texts have no line feed. */
export function printText(print: (line: string) => void, text: string): void {
  for (const line of text.split('\n')) print(line)
}

/** What a command says with --json. */
export function printJson(print: (line: string) => void, value: unknown): void {
  printText(print, JSON.stringify(value, undefined, 2))
}
