import { listenAddress, listenWords } from '../domain/listen-address.ts'
import { type DoctorFinding, ok, unknown } from './doctor-finding.ts'
import type { GatewayFacts, ListenFacts } from './facts.ts'

export function examineGateway({
  nginx,
  byModel = false,
  listens,
  mayEndStreams,
  stillUpdaters,
}: GatewayFacts): readonly DoctorFinding[] {
  return [
    ...examineNginx(nginx, byModel),
    ...listens.map(examineListen),
    examineTracing(mayEndStreams),
    ...[...(stillUpdaters ?? [])].map(examineSilence),
  ]
}

function examineNginx(nginx: GatewayFacts['nginx'], byModel: boolean): readonly DoctorFinding[] {
  if ('missing' in nginx) {
    const fix = nginx.isThere
      ? 'install a newer nginx on the machine of the gateway'
      : 'install nginx on the machine of the gateway, such as with apt install nginx-light'
    return [{ id: 'gateway.nginx', level: 'problem', what: nginx.missing, why: 'The updater drives nginx', fix }]
  }
  const found = ok('gateway.nginx', `nginx ${nginx.version}`)
  if (nginx.hasNjs === undefined) return [found, unknown('gateway.njs', 'It is not known whether nginx has njs')]
  const njs = { id: 'gateway.njs', level: 'note' } as const
  if (nginx.hasNjs) {
    const why = 'With gateway.byModel it routes requests to the tier that has their model'
    return [found, { ...njs, what: 'nginx has the njs module', why }]
  }
  const without = { ...njs, what: 'nginx has no njs module', why: 'Clients choose a tier by its path' }
  if (!byModel) return [found, without]
  const fix = 'install it (Debian: libnginx-mod-http-js, nginx.org: nginx-module-njs), or leave gateway.byModel out'
  return [
    found,
    { ...without, level: 'warning', why: 'So gateway.byModel has no effect: clients choose a tier by its path', fix },
  ]
}

function examineTracing(mayEndStreams: boolean | undefined): DoctorFinding {
  const id = 'gateway.streams'
  if (mayEndStreams === undefined)
    return unknown(id, 'It is not known whether streams of a node that vanishes can be ended')
  if (mayEndStreams) return ok(id, 'Streams of a node that vanishes can be ended')
  return {
    id,
    level: 'warning',
    what: 'An account may not trace its own processes here (kernel.yama.ptrace_scope is not 0)',
    why: 'The updater cannot end the streams of a node that vanishes: clients wait for readTimeoutSeconds',
    fix: 'sysctl kernel.yama.ptrace_scope=0 on the machine of the gateway, and the same in /etc/sysctl.d',
  }
}

function examineSilence([gateway, forMs]: readonly [string, number]): DoctorFinding {
  return {
    id: `gateway.updater.${gateway}`,
    level: 'problem',
    what: `The updater of gateway ${gateway} does not beat: its last beat is ${Math.round(forMs / 1_000)} s old`,
    why: 'New replicas get no requests there, and draining replicas wait for it',
    fix: `restart it (sluice updater), or, if that gateway is gone for good, remove routes/${gateway}.json`,
  }
}

function examineListen({ listen, holder, up }: ListenFacts): DoctorFinding {
  const id = `gateway.port.${listen}`
  const at = listenAddress(listen)
  const place = listenWords(at).replace(/^p/, 'P')
  switch (holder) {
    case 'nobody':
      return ok(id, `${place} is free`)
    case 'our nginx':
      return ok(id, `${place} is held by our nginx`)
    case 'another process':
      if (up !== undefined)
        return {
          id,
          level: 'problem',
          what: `${place} is held by a sluice up of this account, which runs ${up}`,
          why: 'The gateway cannot open it while that runs',
          fix: `end it (Ctrl-C), check that site instead (--config ${up}), or change gateway.listen or gatewayPort`,
        }
      return {
        id,
        level: 'problem',
        what: `${place} is held by a process that is not our nginx`,
        why: 'The gateway cannot open it',
        fix: `end that process (ss -ltnp "sport = :${at.port}" names it), or change gateway.listen or gatewayPort`,
      }
    case 'not this machine':
      return {
        id,
        level: 'problem',
        what: `This machine does not have the address of ${place}`,
        why: 'The gateway cannot listen there',
        fix: 'set gateway.listen or gatewayPort to an address that "ip address" shows, or give the machine that address',
      }
    case undefined:
      return unknown(id, `It is not known whether ${listenWords(at)} is free`)
  }
}
