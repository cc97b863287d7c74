import { OWN_ADDRESS, rangesText } from './worker-script.ts'

/**
 * What one process of an engine runs on a node beside the head's: chooses its address there, and becomes the engine, which
 * is told it by its variable and by its last argument.
 *
 * Slurm ends what an engine leaves behind only where it tracks processes by cgroup. Elsewhere a watcher does, which has left
 * the step's tree, and so outlives it by the moment that this takes.
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

/** `argv`: the engine's program and its arguments; `variable` is its own for the address of the node. */
export function rankArgv(networks: readonly string[], variable: string, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', SCRIPT, 'sluice', rangesText(networks), variable, ...argv]
}
