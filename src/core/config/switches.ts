import type { EngineName } from '../engines/index.ts'

/**
 * Flags without a value, by engine. `pairs`: each has a `--no-…` that turns it off. `off`: they are off unless given, so `false`
 * means to leave the flag out. A flag in neither list takes a value, or is not known here.
 */
interface Switches {
  readonly pairs: RegExp
  readonly off: RegExp
  /** Flags that take on, off or auto. */
  readonly words?: RegExp
  /** The long names of short flags in `pairs`. */
  readonly short?: Readonly<Record<string, string>>
}

const whole = (...names: readonly string[]) => new RegExp(`^(?:${names.join('|')})$`)

/** Reference: llama-server --help, vllm/engine/arg_utils.py (argparse's BooleanOptionalAction), python/sglang/srt/server_args.py. */
const SWITCHES: Partial<Readonly<Record<EngineName, Switches>>> = {
  'llama.cpp': {
    pairs: whole(
      ...[
        '--perf',
        '--escape',
        '--kv-offload',
        '--repack',
        '--op-offload',
        '--mmap',
        '--kv-unified',
        '--cache-idle-slots',
      ],
      ...['--context-shift', '--warmup', '--cont-batching', '--mmproj-auto', '--mmproj-offload', '--cors-credentials'],
      ...['--ui', '--webui', '--ui-mcp-proxy', '--webui-mcp-proxy', '--agent', '--cache-prompt', '--slots', '--jinja'],
      ...['--models-autoload', '--reasoning-preserve', '--skip-chat-parsing', '--prefill-assistant', '--log-jsonl'],
      ...['--log-prefix', '--log-timestamps', '--spec-draft-backend-sampling'],
    ),
    off: whole(
      ...[
        '--no-.+',
        '-no-.+',
        '-nkvo',
        '-nr',
        '-nocb',
        '--mlock',
        '--swa-full',
        '--cpu-moe',
        '-cmoe',
        '--check-tensors',
      ],
      ...[
        '--ignore-eos',
        '--backend-sampling',
        '-bs',
        '--special',
        '-sp',
        '--spm-infill',
        '--reuse-port',
        '--embeddings?',
      ],
      ...[
        '--rerank',
        '--reranking',
        '--props',
        '--verbose',
        '-v',
        '--log-verbose',
        '--verbose-prompt',
        '--log-disable',
      ],
      ...['--lora-init-without-apply', '--offline', '--direct-io', '-dio', '--spec-default'],
    ),
    words: whole('--flash-attn', '-fa', '--fit', '-fit', '--log-colors'),
    short: {
      '-e': '--escape',
      '-kvo': '--kv-offload',
      '-kvu': '--kv-unified',
      '-cb': '--cont-batching',
      '-ag': '--agent',
    },
  },
  vllm: {
    pairs: /^--(?:enable|use|skip|calculate|async|return)-/,
    off: whole('--(?:disable|no)-.+', '--enforce-eager', '--trust-remote-code', '--language-model-only', '--headless'),
  },
  sglang: {
    pairs: /^(?!)/,
    off: whole(
      ...[
        '--(?:enable|disable|skip|is|use|allow|no|show|keep|stream|export)-.+',
        '--trust-remote-code',
        '--log-requests',
      ],
      ...['--sleep-on-idle', '--delete-ckpt-after-loading', '--triton-attention-reduce-in-fp32'],
    ),
  },
  tei: { pairs: /^(?!)/, off: whole('--json-output', '--disable-.+') },
}

/** Whether it is a flag without a value. */
export function isSwitch(engine: EngineName, flag: string): boolean {
  const { pairs, off, short } = SWITCHES[engine] ?? { pairs: /^(?!)/, off: /^(?!)/ }
  return pairs.test(short?.[flag] ?? flag) || off.test(flag)
}

/** How to turn `flag` off: its opposite, its value for that, or nothing where it is off unless given; undefined: not known. */
export function switchedOff(engine: EngineName, flag: string): readonly string[] | undefined {
  const switches = SWITCHES[engine]
  if (switches === undefined || switches.off.test(flag)) return []
  if (switches.words?.test(flag) === true) return [flag, 'off']
  const name = switches.short?.[flag] ?? flag
  return switches.pairs.test(name) ? [`--no-${name.slice(2)}`] : undefined
}
