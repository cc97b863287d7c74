import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Program = 'squeue' | 'sbatch' | 'scontrol' | 'scancel' | 'sacctmgr'

export interface Call {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string
}

/** Slurm's commands as test/fixtures/bin has them, with a home of their own that holds what they do and what was asked. */
export class FakeSlurm implements AsyncDisposable {
  readonly home: string
  readonly env: NodeJS.ProcessEnv

  private constructor(home: string) {
    this.home = home
    this.env = { PATH: `${fileURLToPath(new URL('../fixtures/bin', import.meta.url))}:/usr/bin:/bin`, HOME: home }
  }

  static async open(): Promise<FakeSlurm> {
    return new FakeSlurm(await mkdtemp(join(tmpdir(), 'sluice-slurm-')))
  }

  /** What the program does: lines of a shell, for its `call`th call, or for all that have none of their own. */
  async does(program: Program, lines: string, call?: number): Promise<void> {
    await writeFile(join(this.home, call === undefined ? `${program}.sh` : `${program}.${call}.sh`), `${lines}\n`)
  }

  async calls(program: Program): Promise<Call[]> {
    const count = (await this.#note(`${program}.calls`)).length
    return Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const environment = (await this.#note(`${program}.${index + 1}.env`)).split('\0').slice(0, -1)
        return {
          argv: (await this.#note(`${program}.${index + 1}.argv`)).split('\0').slice(0, -1),
          env: Object.fromEntries(environment.map(pair => pair.split(/=(.*)/s, 2))),
          stdin: await this.#note(`${program}.${index + 1}.stdin`),
        }
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true })
  }

  /** Empty when it was never called. */
  #note(name: string): Promise<string> {
    return readFile(join(this.home, name), 'utf8').catch(() => '')
  }
}
