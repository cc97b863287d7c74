import type { Config } from '../config/schema.ts'
import { isEveryAddress, isIpv6, listenAddress } from '../domain/listen-address.ts'

/** Where a gateway on `host` offers a tier; the host stands there where the gateway listens everywhere. */
export function tierUrl({ gateway, tiers }: Config, tier: string, host: string): string {
  const { gatewayPort, path = '' } = tiers[tier] ?? {}
  const at = listenAddress(gatewayPort ?? gateway.listen)
  const address = isEveryAddress(at) ? host : at.address
  const place = `http://${isIpv6(address) ? `[${address}]` : address}:${at.port}`
  return gatewayPort === undefined ? `${place}${path.replace(/\/$/, '')}` : place
}

/** The tiers of sluice.yaml as a status names them. */
export function statusTiers(config: Config, host: string) {
  return Object.entries(config.tiers).map(([name, { path }]) => ({ name, path, url: tierUrl(config, name, host) }))
}
