import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runSluice } from '../support/run-sluice.ts'
import { openSmallSite } from '../support/small-site.ts'

/** What `sluice up` says where nginx is of this version, or is not on PATH. */
async function ended(args: readonly string[], version?: string) {
  await using site = await openSmallSite()
  const { home } = site.slurm
  if (version !== undefined) {
    const text = `#!/bin/sh\necho 'nginx version: nginx/${version}\nconfigure arguments: ' >&2\n`
    await writeFile(join(home, 'nginx'), text, { mode: 0o755 })
  }
  await writeFile(join(home, 'model.gguf'), 'no model')
  await writeFile(
    join(home, 'moved.yaml'),
    `site: a
shared: ${home}/away
runtime: ${home}
gateway: { networks: [10.0.0.0/8] }
tiers: { fast: { engine: demo, path: / } }
`,
  )
  const { code, warned } = await runSluice(['up', ...args], { cwd: home, env: { PATH: home, TMPDIR: home } })
  return { code, warned: warned.map(line => line.replaceAll(home, 'HOME')) }
}

it.each<[string, string[], string, string]>([
  ['an nginx that is too old', [], '1.10.0', 'Cannot run the gateway: '],
  ['no such configuration', ['--config', 'no.yaml'], '1.30.4', 'Cannot read no.yaml: it does not exist'],
  [
    'a shared directory that is away',
    ['--config', 'moved.yaml'],
    '1.30.4',
    'Cannot use moved.yaml: "HOME/away" (shared)',
  ],
  ['a model that is none', ['--model', 'model.gguf'], '1.30.4', 'Cannot '],
  ['a model beside a configuration', ['--model', 'm', '--config', 'sluice.yaml'], '1.30.4', "error: option '--model"],
])('refuses to start with %s', async (_, args, version, words) => {
  const { code, warned } = await ended(args, version)
  expect({ code, first: warned[0]?.slice(0, words.length) }).toEqual({ code: 2, first: words })
})

// Where Debian puts nginx it is found without PATH.
it.skipIf(['/usr/local/sbin', '/usr/sbin', '/sbin'].some(place => existsSync(join(place, 'nginx'))))(
  'says how to get an nginx where there is none',
  async () => {
    const { code, warned } = await ended([])
    expect({ code, warned }).toEqual({
      code: 2,
      warned: [expect.stringMatching(/^Cannot run without nginx: .*apt-get/)],
    })
  },
)
