import { chmod, copyFile, cp, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

const root = join(import.meta.dirname, '../..')

/** A checkout whose Node is the one that runs the tests, and whose build is a stand-in that says how it was called. */
export interface Checkout {
  readonly path: string
  /** Runs a program of it with only what an empty machine has on its PATH. */
  run(argv: readonly [string, ...string[]], cwd?: string): Promise<{ code: number; lines: string[]; said: string[] }>
  /** Puts a program on that PATH. */
  add(name: string, script: string): Promise<void>
}

const BUILD = `
const { mkdirSync, writeFileSync } = require('node:fs')
const dist = process.argv[2]
mkdirSync(dist)
writeFileSync(dist + '/sluice.cjs', 'console.log(JSON.stringify([process.cwd(), ...process.argv.slice(2)]))')
console.log('built')
`

export async function makeCheckout({ isInstalled = true }: { isInstalled?: boolean } = {}): Promise<Checkout> {
  const path = await mkdtemp(join(tmpdir(), 'checkout-'))
  const bin = join(path, 'bin-of-the-machine')
  const own = join(path, `node_modules/node-linux-${process.arch}/bin`)
  for (const name of ['scripts', 'src', 'templates', 'elsewhere', bin, own]) {
    await mkdir(name.startsWith('/') ? name : join(path, name), { recursive: true })
  }
  await copyFile(join(root, 'sluice'), join(path, 'sluice'))
  await cp(join(root, 'scripts/own-node.sh'), join(path, 'scripts/own-node.sh'))
  await writeFile(join(path, 'scripts/build.ts'), BUILD)
  await writeFile(join(path, 'package-lock.json'), '{}')
  if (isInstalled) {
    await symlink(process.execPath, join(own, 'node'))
    await writeFile(join(path, 'node_modules/.package-lock.installed.json'), '{}')
  }
  return {
    path,
    async add(name, script) {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
      await chmod(join(bin, name), 0o755)
    },
    async run([program, ...argv], cwd = path) {
      const { exitCode, stdout, stderr } = await execa(program, argv, {
        ...{ cwd, reject: false, extendEnv: false },
        env: { PATH: `${bin}:/usr/bin:/bin`, TMPDIR: tmpdir() },
      })
      const lines = (text: string) => text.split('\n').filter(line => line !== '')
      return { code: exitCode ?? -1, lines: lines(stdout), said: lines(stderr) }
    },
  }
}
