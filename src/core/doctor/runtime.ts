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
    return unknown(id, `"${path}/current" is ${current}; it is not known whether that is this version`)
  if (isThis) return ok(id, `"${path}/current" is ${current}, the same version as this one`)
  return {
    id,
    level: 'warning',
    what: `"${path}/current" is ${current}, a different build from this one`,
    why: 'Jobs run the installed build, and this command checks by its own',
    fix: `run sluice install --to ${path}, or use the sluice in ${path}/current`,
  }
}

/** An installation does not replace a running program: the old build runs until a restart. */
function examineUpdater({ who, build }: BuildUser, current: string): DoctorFinding {
  const id = `runtime.updater.${who}`
  if (build === current) return ok(id, `The updater of gateway ${who} runs what is installed`)
  if (build !== undefined && !isInstalledBuild(build)) {
    const why = `${current} is installed; it is not known whether it is the same build`
    return unknown(id, `The updater of gateway ${who} runs Sluice ${build} from outside the runtime directory`, why)
  }
  return {
    id,
    level: 'warning',
    what: `The updater of gateway ${who} runs ${build ?? 'a Sluice that is too old to report its build'}, and ${current} is installed`,
    why: 'It runs the old build until it is restarted',
    fix: 'restart it (systemctl restart sluice-updater); nginx keeps serving meanwhile',
  }
}

function examineEndpoints(endpoints: readonly BuildUser[], current: string): readonly DoctorFinding[] {
  const id = 'runtime.endpoints'
  if (endpoints.length === 0) return []
  const others = endpoints.filter(({ build }) => build !== current)
  if (others.length === 0) return [ok(id, `All ${endpoints.length} endpoints run what is installed`)]
  const byBuild = [...Map.groupBy(others, ({ build }) => build ?? 'a Sluice that is too old to report its build')]
  const listed = byBuild.map(([build, of]) => `${build}: ${of.map(({ who }) => who).join(', ')}`).join('; ')
  return [
    {
      id,
      level: 'note',
      what: `${others.length} of ${endpoints.length} endpoints run another build than ${current}. ${listed}`,
      why: 'They run that build until their job ends, which does no harm',
      fix: 'run sluice drain ID --requeue for one after the other: each comes back with the installed build',
    },
  ]
}
