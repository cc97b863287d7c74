import { rangesOf } from '../../../core/domain/address.ts'
import type { RpcSpec } from '../../../core/domain/replica-spec.ts'

/**
 * Shell: sets `address` to the first IPv4 address of this node in the first of `ranges` (numbers, `first-last`) that has one; empty
 * if none has.
 */
export const OWN_ADDRESS = `address=$(awk -v ranges="$ranges" '
  /32 host LOCAL/ {
    split(address, part, "."); number = ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
    count = split(ranges, range, " ")
    for (n = 1; n <= count; n++) { split(range[n], end, "-"); if (number >= end[1] && number <= end[2] && !(n in found)) found[n] = address }
  }
  { address = $2 }
  END { for (n = 1; n <= count; n++) if (n in found) { print found[n]; exit } }' /proc/net/fib_trie)`

/**
 * The script of a worker's step: chooses its address, finds the program, executes it, and prints when it listens. The address and
 * the listening socket are read from the kernel's tables, because a worker accepts one client, and a probe more hangs it
 * ("llama.cpp over RPC", docs/design/engines.md).
 */
const SCRIPT = `
ranges=$1 port=$2 head=$3 names=$4; shift 4
PATH=$PATH:$(echo /usr/libexec/*/llama/bin) # Debian's place
program=
while [ "$names" -gt 0 ]; do
  [ -n "$program" ] || program=$(command -v -- "$1")
  tried="$tried $1"; shift; names=$((names - 1))
done
[ -n "$program" ] || { echo "No program on this node of:$tried"; exit 127; }
${OWN_ADDRESS}
[ -n "$address" ] || { echo "No address on this node in rpc.network, or gateway.networks"; exit 1; }
echo "sluice: address $address"
beside=\${program%/*}/llama-server
[ -x "$beside" ] || beside=$head
echo "sluice: build $("$beside" --version 2>&1 | sed -n 's/^version: *//p')"
row=$(IFS=.; set -- $address; printf ' %02X%02X%02X%02X:%04X 00000000:0000 0A ' "$4" "$3" "$2" "$1" "$port")
(
  while kill -0 $$; do
    if grep -q "$row" /proc/net/tcp; then echo 'sluice: listening'; exit; fi
    sleep 0.1
  done
) 2>/dev/null &
set -- "$program" -H "$address" -p "$port" "$@"
command -v stdbuf >/dev/null && set -- stdbuf -oL "$@"
exec "$@"
`

/** The `ranges` of OWN_ADDRESS. */
export function rangesText(networks: readonly string[]): string {
  return rangesOf(networks)
    .map(range => range.join('-'))
    .join(' ')
}

/** The argv of a worker's step; `headCommand` is the engine's program, whose build it must be of. */
export function workerArgv(rpc: RpcSpec, headCommand: string): string[] {
  return [
    ...['/bin/sh', '-c', SCRIPT, 'sluice', rangesText(rpc.networks), String(rpc.port), headCommand],
    ...[String(rpc.commands.length), ...rpc.commands],
    ...(rpc.cache === undefined ? [] : ['-c']),
  ]
}

/** A worker's own output so far. */
export interface WorkerFacts {
  /** Its address, once it listens. */
  readonly address: string | undefined
  /** Undefined: not known. */
  readonly build: string | undefined
  /** The number of its devices; 1 if it does not print it. */
  readonly devices: number
}

/** A line that readWorkerLog uses; a worker may print other lines for weeks. */
export function isFact(line: string): boolean {
  return line.startsWith('sluice: ') || DEVICE.test(line)
}

export function readWorkerLog(lines: readonly string[]): WorkerFacts {
  const factOf = (what: string) => lines.find(line => line.startsWith(`sluice: ${what} `))?.slice(9 + what.length)
  return {
    address: lines.includes('sluice: listening') ? factOf('address') : undefined,
    build: factOf('build') || undefined,
    devices: Math.max(1, parseDevices(lines).length),
  }
}

const DEVICE = /^ {2}(\w+): .*\(\d+ MiB, \d+ MiB free\)$/

/** The names in lines such as `  CUDA0: Tesla V100S (32494 MiB, 32000 MiB free)`, of workers and of `--list-devices`. */
export function parseDevices(lines: readonly string[]): string[] {
  return lines.flatMap(line => DEVICE.exec(line)?.[1] ?? [])
}
