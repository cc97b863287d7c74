import { type BuildUser, isInstalledBuild } from '../domain/build.ts'
import { type DoctorFinding, ok, unknown } from './doctor-finding.ts'
import type { RuntimeFacts } from './facts.ts'

export function examineRuntime(facts: RuntimeFacts): readonly DoctorFinding[] {
  const { current, users } = facts
  return [
    examineCurrent(facts),
    ...(current === undefined || users === undefined
      ? []
      : [
          ...users.updaters.map(updater => examineUpdater(updater, current)),
          ...examineEndpoints(users.endpoints, current),
        ]),
  ]
}

function examineCurrent({ path, current, isThis }: RuntimeFacts): DoctorFinding {
  const id = 'runtime.current'
  if (current === undefined) {
    return {
      id,
      level: 'problem',
      what: `There is no "${path}/current"`,
      why: 'Job scripts start it: every job would fail at once',
      fix: `run sluice install --to ${path}`,
    }
  }
  if (isThis === undefined)
    return unknown(id, `"${path}/current" is ${current}; whether it is this version is not known`)
  if (isThis) return ok(id, `"${path}/current" is ${current}, this very version`)
  return {
    id,
    level: 'warning',
    what: `"${path}/current" is ${current}, which is another build than this one`,
    why: 'Jobs run that one, and this command judges by this one',
    fix: `run sluice install --to ${path}, or use the sluice in ${path}/current`,
  }
}

/** A program that runs is not replaced by what is installed: it goes on until it is started anew. */
function examineUpdater({ who, build }: BuildUser, current: string): DoctorFinding {
  const id = `runtime.updater.${who}`
  if (build === current) return ok(id, `The updater of gateway ${who} runs what is installed`)
  if (build !== undefined && !isInstalledBuild(build)) {
    const why = `What is installed is ${current}; whether it is the same is not known`
    return unknown(
      id,
      `The updater of gateway ${who} runs Sluice ${build} from a place where it was not installed`,
      why,
    )
  }
  return {
    id,
    level: 'warning',
    what: `The updater of gateway ${who} runs ${build ?? 'a Sluice that does not yet say which'}, and installed is ${current}`,
    why: 'It goes on with what it was started from',
    fix: 'start it again (systemctl restart sluice-updater); nginx serves on meanwhile',
  }
}

function examineEndpoints(endpoints: readonly BuildUser[], current: string): readonly DoctorFinding[] {
  const id = 'runtime.endpoints'
  if (endpoints.length === 0) return []
  const others = endpoints.filter(({ build }) => build !== current)
  if (others.length === 0) return [ok(id, `All ${endpoints.length} endpoints run what is installed`)]
  const byBuild = [...Map.groupBy(others, ({ build }) => build ?? 'a Sluice that does not yet say which')]
  const listed = byBuild.map(([build, of]) => `${build}: ${of.map(({ who }) => who).join(', ')}`).join('; ')
  return [
    {
      id,
      level: 'note',
      what: `${others.length} of ${endpoints.length} endpoints run another build than ${current}. ${listed}`,
      why: 'They go on with it, which is well, until their job ends',
      fix: 'sluice drain ID --requeue, one after the other, has them come back with what is installed',
    },
  ]
}
