import { execa } from 'execa'
import type { Command, CommandOptions } from './command.ts'

/** Runs a command on a node, as root: `onNode('vasp-02', ['ss', '-tln'])`. */
export function onNode(nodeName: string, argv: readonly string[], options: CommandOptions = {}): Command {
  const [program, ...rest] = nodeArgv(nodeName, argv)
  return execa(program, rest, options)
}

/** The argv that runs another argv in the network and under the host name of a node. `ip netns exec` would hide /sys. */
export function nodeArgv(nodeName: string, argv: readonly string[]): readonly [string, ...string[]] {
  return ['nsenter', `--net=${netNamespace(nodeName)}`, `--uts=${utsNamespace(nodeName)}`, '--', ...argv]
}

/** The file that holds the node's network open; the place is ip-netns(8)'s. */
export function netNamespace(nodeName: string): string {
  return `/run/netns/${nodeName}`
}

/** The file that holds the node's host name open. */
export function utsNamespace(nodeName: string): string {
  return `/run/lab/uts/${nodeName}`
}
