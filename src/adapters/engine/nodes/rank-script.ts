import { OWN_ADDRESS, rangesText } from './worker-script.ts'

/**
 * The script of one process of an engine on a node other than the head's. It chooses its address there and executes the engine,
 * with the address in the engine's variable and as its last argument.
 *
 * Slurm ends processes that an engine leaves behind only if it tracks processes by cgroup. Otherwise a watcher outside of the
 * step's tree does that after the step has ended.
 */
const SCRIPT = `
ranges=$1 variable=$2; shift 2
${OWN_ADDRESS}
[ -n "$address" ] || { echo "No address on this node in gateway.networks"; exit 1; }
echo "sluice: address $address"
marker=SLUICE_STEP=$SLURM_JOB_ID.$SLURM_STEP_ID.$$
(setsid sh -c '
  while kill -0 "$1"; do sleep 0.5; done
  while found=$(grep -lzxF -- "$2" /proc/[0-9]*/environ); [ -n "$found" ]; do
    for environ in $found; do pid=\${environ#/proc/}; kill -KILL "\${pid%/environ}"; done
  done' sluice $$ "$marker" </dev/null >/dev/null 2>&1 &)
exec env SPT_NOENV=1 "$variable=$address" "$marker" "$@" --host "$address"
`

/** `argv`: the engine's program and its arguments; `variable`: the engine's variable for the node's address. */
export function rankArgv(networks: readonly string[], variable: string, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', SCRIPT, 'sluice', rangesText(networks), variable, ...argv]
}
