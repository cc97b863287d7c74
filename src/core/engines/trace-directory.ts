/**
 * The directory on its own node into which a vLLM with these arguments and variables writes its traces; undefined where they do
 * not name one. Reference: vllm/config/profiler.py; VLLM_TORCH_PROFILER_DIR before 0.13.
 */
export function traceDirectory(args: readonly string[], env: Readonly<Record<string, string>>): string | undefined {
  const dotted = valueOfFlag(args, '--profiler-config.torch_profiler_dir')
  return dotted ?? inJson(valueOfFlag(args, '--profiler-config')) ?? env['VLLM_TORCH_PROFILER_DIR']
}

/** The value of a flag: the word after it, or the text after its equals sign. vLLM takes underscores in flags for dashes. */
function valueOfFlag(args: readonly string[], flag: string): string | undefined {
  const wanted = dashed(flag)
  for (const [index, word] of args.entries()) {
    if (dashed(word) === wanted) return args[index + 1]
    const equals = word.indexOf('=')
    if (equals > 0 && dashed(word.slice(0, equals)) === wanted) return word.slice(equals + 1)
  }
  return undefined
}

function dashed(flag: string): string {
  return flag.replaceAll('_', '-')
}

function inJson(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    const { torch_profiler_dir: directory } = JSON.parse(text) ?? {}
    return typeof directory === 'string' ? directory : undefined
  } catch {
    return undefined // vLLM would not have started with it
  }
}
