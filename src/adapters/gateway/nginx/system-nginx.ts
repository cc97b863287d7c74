import { join } from 'node:path'
import type { GatewayModel } from '../../../core/domain/gateway-model.ts'
import { isSameListen, type ListenAddress, listensOf, localUrl } from '../../../core/domain/listen-address.ts'
import type { GatewayParts } from '../gateway-parts.ts'
import { readGeneration, readLink, setLink } from '../generation-files.ts'
import { readGatewayModel } from '../read-gateway-model.ts'
import { readKeys } from '../render/keys-file.ts'
import { listenersOf } from '../render/listeners.ts'
import { nginxString } from '../render/nginx-string.ts'
import { awaitGeneration, sizeOf } from './await-generation.ts'
import { buildOfMaster } from './build-of-master.ts'
import { systemGeneration } from './generation-probe.ts'
import { errorLogOf, findSystemMaster, type NginxPlaces } from './inspect-system-nginx.ts'
import type { NginxInstance } from './nginx-instance.ts'
import { findAnyNginx, readAgain } from './nginx-processes.ts'
import { runReload } from './reload-command.ts'
import { systemFile } from './system-file.ts'
import { refuseSharedPorts, refuseToLetGo } from './system-ports.ts'
import { acceptingBeside, identitiesOf, isSteady, listensOnAny } from './system-workers.ts'

/** How to control the system's nginx. */
export interface SystemNginxOptions {
  /** Name of the file, and prefix of every name that `http { }` sees. */
  readonly name: string
  /** The directory from which nginx includes `*.conf` within `http { }`. */
  readonly directory: string
  /** The words of its reload command. */
  readonly reload: readonly string[]
}

/**
 * The system's nginx, in which one file is ours. Only root does this, because an account that may write a file that root's nginx
 * includes can become root.
 *
 * `current` is the generation last written into that file, `good` the one that was verified. A change begins with `current` and ends
 * with `good`, so a crash between the two leaves them different, and the next call reloads and verifies again. nginx is never
 * started or ended here; only the file and the reload command affect it.
 */
export function createSystemNginx(
  parts: GatewayParts,
  options: SystemNginxOptions & { places: NginxPlaces },
): NginxInstance {
  const { directory, nginx, clock } = parts
  const mark = `# Kept in ${nginxString(directory.root)}\n`
  const buildOf = buildOfMaster(nginx)
  const file = systemFile(join(options.directory, `sluice-${options.name}.conf`), mark)

  const instance: NginxInstance = {
    async look() {
      const master = await findSystemMaster(options.places)
      const answer = await ask()
      const links = await readLinks()
      const isGood = answer !== undefined && links.current === answer && links.good === answer
      const workers = identitiesOf(acceptingBeside(master, await ourListens()))
      return {
        master,
        build: await buildOf(master),
        answer,
        isSettled: isGood && (await isInstalled(answer)),
        async isStill() {
          const isSame = readAgain(master) !== undefined && (await ask()) === answer
          return isSame && identitiesOf(acceptingBeside(master, await ourListens())) === workers
        },
      }
    },
    async stillRuns(master, generation) {
      return readAgain(master) !== undefined && (await ask()) === generation && (await isInstalled(generation))
    },
    rotateLogs: async () => undefined, // they are in the site's log directory, and the site rotates them
    async test(generation, model, { master }) {
      await nginx.test(generation, master)
      if (master === undefined) return
      // `check` reports a configuration that is broken already: the broken part may be our own file.
      const dump = await nginx.dump('test', master).catch(() => '')
      refuseSharedPorts(dump, model, mark)
      refuseToLetGo(master, model)
    },
    async listeners({ master }) {
      if (master === undefined) return []
      // `test` has reported other sites' addresses, so the master holds ours for us.
      const ours = await ourListens()
      return listenersOf(master.pid).filter(one => ours.some(at => isSameListen(at, one)))
    },
    async install(generation) {
      if (generation === undefined) return file.write(undefined)
      const text = await textOf(generation)
      if (text === undefined) throw new Error(`Cannot install generation ${generation}: its files are gone`)
      // Back to the good one: until that is verified, `current` shows that another generation may run.
      if ((await readLink(directory, 'good')) !== generation) await setLink(directory, 'current', generation)
      await file.write(text)
    },
    async check(generation) {
      const master = await findSystemMaster(options.places)
      const dump = await nginx.dump(`load generation ${generation} with all else that nginx reads`, master)
      if (!dump.includes((await textOf(generation)) ?? mark)) {
        throw new Error(
          `Cannot load generation ${generation}: nginx does not read "${file.path}"; include ${options.directory}/*.conf within http { } of its configuration, or change gateway.directory`,
        )
      }
      const model = await modelOf(generation)
      if (model !== undefined) refuseSharedPorts(dump, model, mark)
    },
    async load(generation, signal) {
      const master = await findSystemMaster(options.places)
      const older = acceptingBeside(master, await ourListens())
      const errorLog = errorLogOf(master)
      const logStart = errorLog === undefined ? 0 : await sizeOf(errorLog)
      const model = generation === undefined ? undefined : await modelOf(generation)
      await runReload(options.reload, { env: parts.env, clock, signal })
      await awaitGeneration({
        generation,
        ask: model === undefined ? ask : () => systemGeneration(directory, [probesOf(model)]),
        master,
        older,
        isAlone: isSteady(master, clock),
        errorLog,
        logStart,
        clock,
        signal,
      })
      return master
    },
    async keep(generation) {
      await setLink(directory, 'current', generation)
      await setLink(directory, 'good', generation)
    },
    async workers() {
      const master = await findSystemMaster(options.places)
      const listens = await ourListens()
      const workers = findAnyNginx().filter(one => one.role === 'worker')
      return workers.filter(one => one.parent === master.pid || listensOnAny(one, listens))
    },
    async running(signal) {
      const listens = await ourListens()
      const deadline = clock.now() + RUNNING_MS
      for (;;) {
        const answer = await ask()
        const { current, good } = await readLinks()
        if (answer !== undefined && current === answer && good === answer) {
          const model = await modelOf(answer)
          if (model !== undefined) return { generation: answer, model, keys: await readKeys(directory, answer) }
        }
        if (answer !== undefined) {
          throw new Error(
            `Cannot find out what nginx runs: it answers generation ${answer}, which was not seen to run alone`,
          )
        }
        if (!findAnyNginx().some(one => listensOnAny(one, listens))) return undefined
        signal.throwIfAborted()
        if (clock.now() > deadline) {
          throw new Error(`Cannot find out what nginx runs: it does not say so within ${RUNNING_MS / 1000} s`)
        }
        await clock.sleep(POLL_MS, signal)
      }
    },
    async stop({ signal }) {
      await file.write(undefined)
      await instance.load(undefined, signal)
    },
  }
  return instance

  /** The generation that answers at the listen addresses of the generations that may run. */
  async function ask(): Promise<number | undefined> {
    return systemGeneration(directory, (await ourModels()).map(probesOf))
  }

  async function readLinks() {
    return { current: await readLink(directory, 'current'), good: await readLink(directory, 'good') }
  }

  async function ourModels(): Promise<GatewayModel[]> {
    const { current, good } = await readLinks()
    const models = await Promise.all([...new Set([current, good])].map(one => one && modelOf(one)))
    return models.filter(one => typeof one === 'object')
  }

  async function ourListens(): Promise<ListenAddress[]> {
    return (await ourModels()).flatMap(listensOf)
  }

  function modelOf(generation: number): Promise<GatewayModel | undefined> {
    return readGatewayModel(directory, generation)
  }

  function textOf(generation: number): Promise<string | undefined> {
    return readGeneration(directory, generation, 'gateway.conf')
  }

  async function isInstalled(generation: number): Promise<boolean> {
    const [installed, text] = await Promise.all([file.read(), textOf(generation)])
    return installed !== undefined && installed === text
  }
}

function probesOf(model: GatewayModel) {
  return { url: localUrl(model.listen) }
}

const RUNNING_MS = 5000
const POLL_MS = 20
