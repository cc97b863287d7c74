import { serveDemoEngine } from '../adapters/demo-engine/serve.ts'
import type { Context } from '../core/context.ts'
import { UserError } from '../core/domain/user-error.ts'
import { DEMO_KEY } from '../core/engines/demo.ts'

/** `sluice demo-engine`: the program of the `demo` engine; runs until a signal. */
export async function demoEngine(
  options: { host: string; port: string; model?: string[] },
  context: Context,
): Promise<void> {
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UserError(`Cannot listen on port "${options.port}": write a number up to 65535`)
  }
  const models = options.model ?? ['demo']
  await serveDemoEngine({ host: options.host, port, models, key: context.env[DEMO_KEY], signal: context.signal })
}
