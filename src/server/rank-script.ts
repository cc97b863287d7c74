import { rangeOf } from '../domain/address.ts'
import { OWN_ADDRESS } from './worker-script.ts'

/**
 * What one process of an engine runs on a node beside the head's: chooses its address there, and becomes the engine, which
 * is told it by its variable and by its last argument.
 */
const SCRIPT = `
ranges=$1 variable=$2; shift 2
${OWN_ADDRESS}
[ -n "$address" ] || { echo "No address on this node in gateway.networks"; exit 1; }
echo "sluice: address $address"
exec env "$variable=$address" "$@" --host "$address"
`

/** `argv`: the engine's program and its arguments; `variable` is its own for the address of the node. */
export function rankArgv(networks: readonly string[], variable: string, argv: readonly string[]): string[] {
  const ranges = networks.flatMap(network => rangeOf(network)?.join('-') ?? []).join(' ')
  return ['/bin/sh', '-c', SCRIPT, 'sluice', ranges, variable, ...argv]
}
