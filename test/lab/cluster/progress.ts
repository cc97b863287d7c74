/** One line of the lab's own progress, on stderr: stdout belongs to the command that runs in the lab. */
export function logProgress(line: string): void {
  process.stderr.write(`lab: ${line}\n`)
}
