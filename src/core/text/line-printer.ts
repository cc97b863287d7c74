import { printableLine } from './printable-text.ts'

/** Prints lines for people. They may quote text of any origin: names of files, logs of engines, answers of Slurm. */
export function linePrinter(stream: { write(text: string): unknown }): (line: string) => void {
  return line => void stream.write(`${printableLine(line)}\n`)
}

/** Prints a text of several lines that we generated, such as a script, or JSON, whose strings have no line feeds. */
export function printText(print: (line: string) => void, text: string): void {
  for (const line of text.split('\n')) print(line)
}

/** The output of a command with --json. */
export function printJson(print: (line: string) => void, value: unknown): void {
  printText(print, JSON.stringify(value, undefined, 2))
}
