/** A standard stream, or what stands for one. */
interface Output {
  readonly writableLength: number
  write(text: string, done: () => void): unknown
  once(event: 'error', listener: () => void): unknown
}

/**
 * Resolves when all that was written has left this process, or can no longer: a reader that is slow leaves some of it here,
 * which `process.exit` would throw away.
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
