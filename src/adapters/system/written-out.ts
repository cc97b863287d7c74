/** A standard stream, or a substitute. */
interface Output {
  readonly writableLength: number
  write(text: string, done: () => void): unknown
  once(event: 'error', listener: () => void): unknown
}

/**
 * Resolves when all output has left this process, or can no longer leave it. With a slow reader some output is still buffered, and
 * `process.exit` would drop it.
 */
export async function writtenOut(outputs: readonly Output[]): Promise<void> {
  await Promise.all(
    outputs
      .filter(output => output.writableLength > 0)
      .map(
        output =>
          new Promise<void>(resolve => {
            output.once('error', resolve)
            output.write('', resolve)
          }),
      ),
  )
}
