import { type Cause, find, helpOf, programOf, tierNameOf } from './cause.ts'

/** What keeps an engine from starting, by its own words. */
export const START_CAUSES: readonly Cause[] = [
  {
    id: 'flash-attention',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.said, /V cache (?:quantization )?requires flash_attn/, /\bfattn[\w-]*\.cuh?:\d+/),
    what: (run, { evidence }) =>
      evidence.some(one => /V cache/.test(one.text))
        ? 'Its V cache is quantized, which needs flash attention, and flash attention is off'
        : `Flash attention failed on its GPU${run.settings?.gpu?.arch === undefined ? '' : ` (${run.settings.gpu.arch})`}: SM70, the V100, has no kernels for it`,
    fix: run =>
      `On GPUs that have it, args flash-attn on (or leave it out: auto) in tiers.${tierNameOf(run)}; on SM70 flash-attn off, and only the K cache quantized: take cache-type-v out`,
  },
  {
    id: 'bad-arguments',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.said,
        /error while handling argument "([^"]+)": ?(.+)/,
        /error: argument (\S+): ((?:invalid|expected|not allowed|ambiguous).+)/,
        /error: invalid value '[^']*' for '([^' ]+)[^']*'(?:: )?(.*)/,
        /error: a value is required for '([^' ]+)[^']*'()/,
        /error: (?:invalid|unknown) argument: ?(.+)/,
        /error while handling argument "([^"]+)"/,
        /unrecognized arguments: (.+)/,
        /invalid choice: (.+)/,
        /error: unexpected argument '([^']+)'/,
      ),
    what: (_, { parts: [argument, complaint] }) =>
      complaint === undefined
        ? `The engine does not take its argument ${quote(argument)}, and exits; with 0, too, which says nothing`
        : `The engine does not take the value of its argument ${quote(argument)}${complaint === '' ? '' : `: ${complaint.trim()}`}`,
    fix: run =>
      `Correct tiers.${tierNameOf(run)}.args in sluice.yaml: this build knows what ${helpOf(run)} lists on the node; then sluice submit ${tierNameOf(run)}, as a job keeps the arguments that it was submitted with`,
  },
  {
    id: 'model-missing',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.said,
        /model[^:]*: "([^"]+)" is missing or unreadable/,
        /failed to open GGUF file '([^']+)'/,
        /gguf_init_from_file: failed to open '([^']+)'/,
        /failed to initialize router models: error: '([^']+)' does not exist/,
        /([^\s:]+) is not a local folder and is not a valid model identifier/,
        /Repository Not Found \S* ?(?:for url: )?(\S+)/,
        /Can't load the configuration of '([^']+)'/,
      ),
    what: (_, { parts }) => `Its model is not on the node, or not readable there: ${quote(parts[0])}`,
    fix: run =>
      `Put the file on every node that ${tierNameOf(run)} may get (or keep it to those that have it: slurm.nodelist), readable for the site's account; or correct model.file (model.id) in sluice.yaml`,
  },
  {
    id: 'no-room-to-stage',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.seen, /Cannot copy \S+ to "([^"]+)": it takes (\S+ \S+), and (\S+ \S+) are free/),
    what: (_, { parts: [disk, size, free] }) =>
      `Its model takes ${size} on the node's own disk, and ${free} are free at ${quote(disk)}`,
    fix: run =>
      `Remove models there that nobody serves any more (nothing staged is removed by itself), or name another disk: tiers.${tierNameOf(run)}.stage.to`,
  },
  {
    id: 'not-in-image',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.said,
        /FATAL: +"([^"]+)": executable file not found in \$PATH/,
        /^shifter: (\S+): No such file or directory/,
        /executable file [`"]([^`"]+)[`"] not found in \$PATH/,
      ),
    what: (_, { parts }) => `The image has no program ${quote(parts[0])} on its own PATH`,
    fix: run =>
      `Write the program's absolute path in the image as tiers.${tierNameOf(run)}.command, or name an image that has it in tiers.${tierNameOf(run)}.container.image`,
  },
  {
    id: 'unfit',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.seen, /Cannot run \S+ here: (.+)/, /No program on this node of: ?(.+)/) ??
      find(
        run.said,
        /(No module named '?[\w.]+'?)/,
        /(error while loading shared libraries: [^:]+)/,
        /(version `GLIBC\S+' not found)/,
        /ImportError: (\S+: cannot open shared object file)/,
        /(no kernel image is available for execution on the device)/,
      ),
    what: (_, { parts }) => `The node cannot run it: ${parts[0] ?? 'see below'}`,
    fix: () =>
      'Install what is missing on every node of the partition, or name it in sluice.yaml (command, rpc.command, gateway.networks)',
  },
  {
    id: 'port-in-use',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.said,
        /Cannot use port (\d+) of \S+: EADDRINUSE/,
        /couldn't bind .*?port: (\d+)/,
        /\b[Pp]ort (\d+) is (?:not available|already in use)/,
        /Address already in use/i,
        /Failed to create server socket/,
      ),
    what: (run, { parts, evidence }) => {
      const isWorker = evidence.some(one => /server socket$/.test(one.text))
      const port = parts[0] ?? (isWorker ? run.settings?.rpc?.port : run.settings?.port)
      return `${isWorker ? "Its worker's" : 'Its'} port${port === undefined ? '' : ` ${port}`} is another process's on that node`
    },
    fix: run =>
      run.settings?.rpc === undefined
        ? `Leave tiers.${tierNameOf(run)}.port out, and a free one is taken; or find out who has it on the node: ss -ltnp`
        : `Give each tier that may share a node an rpc.port of its own; who has it on the node: ss -ltnp`,
  },
  {
    id: 'load-timeout',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.seen, /Not ready within (\d+) s \(loadTimeoutSeconds\)/),
    what: (_, { parts }) => `Its engine was not ready within loadTimeoutSeconds (${parts[0]} s)`,
    fix: run =>
      `If it was still reading its weights, raise tiers.${tierNameOf(run)}.loadTimeoutSeconds, or bring the model closer to the node (its own disk; rpc.cache); else its log says what it waited for (sluice logs ${run.job})`,
  },
]

/** Also what follows from a worker that has gone, or memory that is short: those come first. */
export const MODEL_BROKEN: Cause = {
  id: 'model-broken',
  when: ['failed', 'silent', 'lives'],
  recognise: run =>
    find(
      run.said,
      /invalid magic characters/,
      /error loading model: (.*(?:corrupted|not within the file bounds|unknown model architecture|missing tensor|wrong number).*)/,
      /error loading model(?: \w+)?: (.+)/,
      /failed to load model,? '([^']+)'/,
      /failed to load model/,
      /(Model architectures \[.+\] (?:are not supported|failed to be inspected).*)/,
      /(`?\w*model_type`? \S+ (?:is )?not supported.*)/i,
      /(does not recognize this architecture)/,
      /(unknown variant `[^`]+`, expected one of)/,
      /SafetensorError: (.+)/,
    ),
  what: (_, { parts }) => `The engine could not load its model${parts[0] === undefined ? '' : `: ${parts[0]}`}`,
  fix: run =>
    `Compare the file with its source (size, checksum): a copy that was cut short is the usual reason; a file of a newer kind needs a newer ${programOf(run) ?? 'engine'}`,
}

function quote(text: string | undefined): string {
  return text === undefined ? 'of that name' : JSON.stringify(text.trim())
}
