import { type Cause, find, helpOf, programOf, tierNameOf } from './cause.ts'

/** Causes that keep an engine from starting, by its own words. */
export const START_CAUSES: readonly Cause[] = [
  {
    id: 'flash-attention',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.allLines, /V cache (?:quantization )?requires flash_attn/, /\bfattn[\w-]*\.cuh?:\d+/),
    what: (run, { evidence }) =>
      evidence.some(one => /V cache/.test(one.text))
        ? 'Its V cache is quantized, which needs flash attention, and flash attention is off'
        : `Flash attention failed on its GPU${run.settings?.gpu?.arch === undefined ? '' : ` (${run.settings.gpu.arch})`}: SM70, the V100, has no kernels for it`,
    fix: run =>
      `On GPUs that support it, set args flash-attn on in tiers.${tierNameOf(run)}, or leave it out (auto). On SM70 set flash-attn off and quantize only the K cache: remove cache-type-v`,
  },
  {
    id: 'bad-arguments',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.allLines,
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
        ? `The engine does not accept its argument ${quote(argument)}, and exits; its exit code may be 0 all the same`
        : `The engine does not accept the value of its argument ${quote(argument)}${complaint === '' ? '' : `: ${complaint.trim()}`}`,
    fix: run =>
      `Correct tiers.${tierNameOf(run)}.args in sluice.yaml: ${helpOf(run)} on the node lists what this build accepts. Then sluice submit ${tierNameOf(run)}, because a job keeps the arguments of its submission`,
  },
  {
    id: 'model-missing',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.allLines,
        /model[^:]*: "([^"]+)" is missing or unreadable/,
        /failed to open GGUF file '([^']+)'/,
        /gguf_init_from_file: failed to open '([^']+)'/,
        /failed to initialize router models: error: '([^']+)' does not exist/,
        /([^\s:]+) is not a local folder and is not a valid model identifier/,
        /Repository Not Found \S* ?(?:for url: )?(\S+)/,
        /Can't load the configuration of '([^']+)'/,
      ),
    what: (_, { parts }) => `Its model is missing on the node, or not readable there: ${quote(parts[0])}`,
    fix: run =>
      `Put the file on every node that ${tierNameOf(run)} may get, readable for the site's account; or limit the tier to the nodes that have it (slurm.nodelist); or correct model.file (model.id) in sluice.yaml`,
  },
  {
    id: 'no-room-to-stage',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /Cannot copy \S+ to "([^"]+)": it takes (\S+ \S+), and (\S+ \S+) are free/),
    what: (_, { parts: [disk, size, free] }) =>
      `Its model needs ${size} on the node's own disk, and ${free} are free at ${quote(disk)}`,
    fix: run =>
      `Remove models there that are no longer served (Sluice never removes staged models), or name another disk: tiers.${tierNameOf(run)}.stage.to`,
  },
  {
    id: 'not-in-image',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.allLines,
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
      find(run.supervisorLines, /Cannot run \S+ here: (.+)/, /No program on this node of: ?(.+)/) ??
      find(
        run.allLines,
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
        run.allLines,
        /Cannot use port (\d+) of \S+: EADDRINUSE/,
        /couldn't bind .*?port: (\d+)/,
        /\b[Pp]ort (\d+) is (?:not available|already in use)/,
        /Address already in use/i,
        /Failed to create server socket/,
      ),
    what: (run, { parts, evidence }) => {
      const isWorker = evidence.some(one => /server socket$/.test(one.text))
      const port = parts[0] ?? (isWorker ? run.settings?.rpc?.port : run.settings?.port)
      return `Another process on that node has ${isWorker ? "its worker's" : 'its'} port${port === undefined ? '' : ` ${port}`}`
    },
    fix: run =>
      run.settings?.rpc === undefined
        ? `Leave tiers.${tierNameOf(run)}.port out, and the engine gets a free port; or find the process on the node: ss -ltnp`
        : `Give each tier that may share a node an rpc.port of its own; ss -ltnp on the node shows the process that has it`,
  },
  {
    id: 'load-timeout',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.supervisorLines, /Not ready within (\d+) s \(loadTimeoutSeconds\)/),
    what: (_, { parts }) => `Its engine was not ready within loadTimeoutSeconds (${parts[0]} s)`,
    fix: run =>
      `If it was still reading its weights, raise tiers.${tierNameOf(run)}.loadTimeoutSeconds, or bring the model closer to the node (its own disk; rpc.cache). If not, its log shows what it waited for (sluice logs ${run.job})`,
  },
]

/** A worker that has gone, or memory that is short, has the same consequence: those causes come first. */
export const MODEL_BROKEN: Cause = {
  id: 'model-broken',
  when: ['failed', 'silent', 'lives'],
  recognise: run =>
    find(
      run.allLines,
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
    `Compare the file with its source (size, checksum): a truncated copy is the usual reason; a file in a newer format needs a newer ${programOf(run) ?? 'engine'}`,
}

function quote(text: string | undefined): string {
  return text === undefined ? 'of that name' : JSON.stringify(text.trim())
}
