import type { EngineName } from '../engines/index.ts'

/**
 * Flags without a value, by engine. `pairs`: each has a `--no-…` that turns it off. `off`: they are off unless given, so leaving one
 * out is what `false` means. What is in neither takes a value, or is not known here.
 */
interface Switches {
  readonly pairs: RegExp
  readonly off: RegExp
  /** Flags that take on, off or auto. */
  readonly words?: RegExp
  /** What short flags of pairs are called in full. */
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

/** Takes no word: it is there, or it is not. */
export function isSwitch(engine: EngineName, flag: string): boolean {
  const { pairs, off, short } = SWITCHES[engine] ?? { pairs: /^(?!)/, off: /^(?!)/ }
  return pairs.test(short?.[flag] ?? flag) || off.test(flag)
}

/** What turns `flag` off: its opposite, its own word for it, or nothing where it is off unless given; undefined: nothing that is known. */
export function switchedOff(engine: EngineName, flag: string): readonly string[] | undefined {
  const switches = SWITCHES[engine]
  if (switches === undefined || switches.off.test(flag)) return []
  if (switches.words?.test(flag) === true) return [flag, 'off']
  const name = switches.short?.[flag] ?? flag
  return switches.pairs.test(name) ? [`--no-${name.slice(2)}`] : undefined
}
