import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/adapters/config-file/load-config.ts'
import { configCheck } from '../../src/commands/config-check.ts'
import type { Context } from '../../src/core/context.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { EXAMPLE } from '../support/example-config.ts'
import { recordedContext } from '../support/recorded-context.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-config-'))
})
afterEach(() => rm(cwd, { recursive: true }))

interface Ran {
  readonly printed: readonly string[]
  /** The message of the UserError, which means exit code 2. */
  readonly refused: string | undefined
}

async function run(command: (context: Context) => unknown, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const context = recordedContext({ cwd, env })
  const { printed } = context
  try {
    await command(context)
    return { printed, refused: undefined }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { printed, refused: error.message }
  }
}

const put = (name: string, text: string | Uint8Array) => writeFile(join(cwd, name), text)

describe('config check', () => {
  it('says which file is all right, and its tiers', async () => {
    await put('sluice.yaml', EXAMPLE)
    expect(await run(context => configCheck({}, context))).toEqual({
      printed: ['sluice.yaml: ok (2 tiers: fast, reasoning)'],
      refused: undefined,
    })
  })

  it('says every problem, one a line', async () => {
    await put('x.yaml', EXAMPLE.replace('8080', '80').replace('replicas: 1', 'replica: 1'))
    expect(await run(context => configCheck({ config: 'x.yaml' }, context))).toEqual({
      printed: [],
      refused: [
        'x.yaml:6:11: Cannot use gateway.listen: 80; write a whole number from 1024 to 65535',
        'x.yaml:15:5: Cannot use tiers.fast.replica: there is no such key here; did you mean "replicas"',
      ].join('\n'),
    })
  })

  it('takes the file as an argument, too', async () => {
    await put('x.yaml', EXAMPLE)
    expect(await run(context => configCheck({ configFile: 'x.yaml' }, context))).toEqual({
      printed: ['x.yaml: ok (2 tiers: fast, reasoning)'],
      refused: undefined,
    })
    expect([
      await run(context => configCheck({ configFile: 'no.yaml' }, context)),
      await run(context => configCheck({ configFile: 'x.yaml', config: 'y.yaml' }, context)),
    ]).toEqual([
      { printed: [], refused: 'Cannot read no.yaml: it does not exist; the argument must name a file' },
      { printed: [], refused: 'Cannot check x.yaml and y.yaml at once: name one file' },
    ])
  })

  it('--json prints one value, and the exit code tells the same', async () => {
    await put('good.yaml', EXAMPLE)
    await put('bad.yaml', EXAMPLE.replace('8080', '80'))
    const good = await run(context => configCheck({ config: 'good.yaml', json: true }, context))
    const bad = await run(context => configCheck({ config: 'bad.yaml', json: true }, context))
    expect([good, bad].map(({ printed, refused }) => ({ printed: JSON.parse(printed.join('')), refused }))).toEqual([
      { printed: { file: 'good.yaml', ok: true, problems: [] }, refused: undefined },
      {
        printed: {
          file: 'bad.yaml',
          ok: false,
          problems: [
            {
              file: 'bad.yaml',
              line: 6,
              column: 11,
              message: 'Cannot use gateway.listen: 80',
              fix: 'write a whole number from 1024 to 65535',
            },
          ],
        },
        refused: 'Cannot use bad.yaml: 1 problem',
      },
    ])
  })
})

describe('the configuration is found', () => {
  const sites = { 'a.yaml': 'from_option', 'b.yaml': 'from_variable', 'sluice.yaml': 'from_directory' }
  beforeEach(async () => {
    for (const [name, site] of Object.entries(sites)) await put(name, EXAMPLE.replace('beefcake2', site))
  })

  it.each([
    ['by --config first', { config: 'a.yaml' }, { SLUICE_CONFIG: 'b.yaml' }, 'a.yaml'],
    ['then by $SLUICE_CONFIG', {}, { SLUICE_CONFIG: 'b.yaml' }, 'b.yaml'],
    ['then in the directory', {}, {}, 'sluice.yaml'],
    ['in the directory when $SLUICE_CONFIG is empty', {}, { SLUICE_CONFIG: '' }, 'sluice.yaml'],
  ] as const)('%s', async (_, options, env, file) => {
    let loaded: unknown
    await run(async context => {
      const { file: from, config } = await loadConfig(options, context)
      loaded = { from, site: config.site }
    }, env)
    expect(loaded).toEqual({ from: file, site: sites[file] })
  })
})

describe('without a file to read', () => {
  const refusal = async (options: { config?: string }, env = {}) =>
    (await run(context => loadConfig(options, context), env)).refused

  it('it says where it looked', async () => {
    expect(await refusal({})).toBe(
      `Cannot find a configuration: there is no ${cwd}/sluice.yaml and no /etc/sluice/sluice.yaml; name one with --config or $SLUICE_CONFIG, or write a first one with sluice init`,
    )
  })

  it('a named file that is missing is not replaced by another', async () => {
    await put('sluice.yaml', EXAMPLE)
    expect([await refusal({ config: 'no.yaml' }), await refusal({}, { SLUICE_CONFIG: '/no/such' })]).toEqual([
      'Cannot read no.yaml: it does not exist; --config must name a file',
      'Cannot read /no/such: it does not exist; $SLUICE_CONFIG must name a file',
    ])
  })

  it('a directory is not one', async () => {
    await mkdir(join(cwd, 'sluice.yaml'))
    expect(await refusal({})).toBe('Cannot read sluice.yaml: it is a directory; name the file in it')
  })

  it.skipIf(process.getuid?.() === 0)(
    'a file that may not be read is named, not passed over (root may read all)',
    async () => {
      await put('sluice.yaml', EXAMPLE)
      await chmod(join(cwd, 'sluice.yaml'), 0)
      expect(await refusal({})).toBe(
        'Cannot read sluice.yaml: permission denied; let the account that runs Sluice read it',
      )
    },
  )

  it('a pipe and a device are told at once', async () => {
    execFileSync('mkfifo', [join(cwd, 'sluice.yaml')])
    expect([await refusal({}), await refusal({ config: '/dev/zero' })]).toEqual([
      'Cannot read sluice.yaml: it is a pipe, not a regular file',
      'Cannot read /dev/zero: it is a device, not a regular file',
    ])
  })

  it('a file of any size is read to the limit', async () => {
    await put('sluice.yaml', EXAMPLE)
    await truncate(join(cwd, 'sluice.yaml'), 2 ** 40)
    expect(await refusal({})).toBe(
      'sluice.yaml: Cannot read the configuration: it has more than 262144 characters; name the right file',
    )
  })

  it('bytes that are not UTF-8 are told', async () => {
    await put('sluice.yaml', new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0xfe]))
    expect(await refusal({})).toBe(
      'sluice.yaml:1:4: Cannot read the configuration: it is not UTF-8 text; save the file as UTF-8 text',
    )
  })
})
