import { join } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')

/** The router as one file for njs, whose oldest version takes `var` alone at the top, and one `export default`. */
export async function bundleRouter(): Promise<string> {
  const made = await rolldown({ input: join(root, 'src/adapters/gateway/njs/router.ts'), platform: 'neutral' })
  const { output } = await made.generate({ format: 'esm', topLevelVar: true, comments: false })
  const code = output[0].code
  const exported = /^export \{ serve \};\n?$/m
  if (!exported.test(code)) throw new Error('Cannot bundle the router: it exports something else than one handler')
  const notice = '// Built from src/adapters/gateway/njs by npm run docs: changes made here are lost.\n'
  return notice + code.replace(exported, 'export default { serve: serve };\n')
}

/** Where templates are, because it is installed with them. */
export const ROUTER_PATH = join(root, 'templates/nginx/router.js')
