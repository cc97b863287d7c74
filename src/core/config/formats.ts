/** A set of valid texts: a pattern, and the correction that a message gives. */
export interface Format {
  readonly pattern: RegExp
  /** Continues a sentence: `write …`. */
  readonly right: string
}

/** Used unquoted in `#SBATCH` lines, nginx files and shell lines: no character has a meaning there. */
export const PLAIN_PATH: Format = {
  pattern: /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.+@=-]+)+\/?$/,
  right: 'write an absolute path of letters, digits and _ . + @ = -, without . and .. segments',
}

/** Passed to programs as one argument, never to a shell or nginx. */
export const FILE_PATH: Format = {
  pattern: /^\/\P{Cc}*$/u,
  right: 'write an absolute path without control characters',
}

/** Without `//` and dot segments, which nginx and clients normalize to another path. */
export const URL_PATH: Format = {
  pattern: /^\/(?:[A-Za-z0-9_][A-Za-z0-9_.~-]*\/)*$/,
  right: 'write a path that starts and ends with /, of letters, digits and _ - . ~, such as /reasoning/',
}

/** A path that the gateway opens. It is not a pattern, and nginx and engines read it as the same path. */
export const OPENED_PATH: Format = {
  pattern: /^(?!.*\.\.)\/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*)?$/,
  right: 'write a path without / at its end, of letters, digits and _ - . ~, such as /metrics',
}

export const COMMAND: Format = {
  pattern: /^(?:\/\P{Cc}+|[A-Za-z0-9_][A-Za-z0-9_.+-]*)$/u,
  right: 'write a program name to look up on PATH, or an absolute path',
}

/** A program and its arguments, split at spaces. */
export const PLAIN_COMMAND: Format = {
  pattern: /^[A-Za-z0-9_./][A-Za-z0-9_./+@:=,-]*(?: [A-Za-z0-9_./+@:=,-]+)*$/,
  right: 'write a program and its arguments with one space between them, of letters, digits and _ . / + @ : = , -',
}

/** The value of `model` in a request; it also names routes. */
export const MODEL_NAME: Format = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.:@+/-]{0,127}$/,
  right: 'write at most 128 letters, digits and _ . : @ + / -, starting with a letter or digit',
}

/** As huggingface_hub checks an id: an owner, and a name without `--` and `..`. */
export const MODEL_ID: Format = {
  pattern: /^(?!.*(?:--|\.\.))(?:[A-Za-z0-9][A-Za-z0-9_.-]*\/)?[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  right: 'write it as owner/name, such as meta-llama/Llama-3.1-8B-Instruct; a path is written as file',
}

/** Path and query of a request to an engine. */
export const REQUEST_PATH: Format = {
  pattern: /^\/[A-Za-z0-9_.~/?=&%-]*$/,
  right: 'write a path that starts with /, such as /health',
}

/** Reference: Prometheus, "Metric names and labels". */
export const METRIC: Format = {
  pattern: /^[A-Za-z_:][A-Za-z0-9_:]*$/,
  right: 'write the name of a metric: letters, digits, _ and :',
}

export const ENV_NAME: Format = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  right: 'write letters, digits and underscores, not starting with a digit',
}

/** Also for the elements of a set-up list: a line break would start an unchecked line. */
export const ONE_LINE: Format = {
  pattern: /^(?:\t|\P{Cc})*$/u,
  right: 'write one line without control characters',
}

/** A path, or an image name with its registry; pyxis writes `#` after the registry. */
export const IMAGE: Format = {
  pattern: /^[A-Za-z0-9/][A-Za-z0-9_.,:@#+/=-]{0,1023}$/,
  right: 'write a path, or a name such as vllm/vllm-openai:v0.11.0, of letters, digits and _ . , : @ # + / = -',
}

/** Container runtimes split this option at commas, colons and semicolons. */
export const MOUNTABLE = /^\/[^,:;"'\\\p{Cc}]*$/u

export const MOUNT: Format = {
  pattern: /^\/[^,:;"'\\\p{Cc}]*(?::\/[^,:;"'\\\p{Cc}]*)?(?::r[ow])?$/u,
  right:
    'write an absolute path, or two with a colon between them, and :ro for read-only, such as /scratch/cache:/cache',
}

export const GPU_ARCH: Format = {
  pattern: /^[a-z][a-z0-9_]{0,31}$/,
  right: 'write the architecture as its compiler names it, such as sm70 or gfx90a',
}

export const SCRIPT_NAME: Format = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}\.slurm$/,
  right: 'write a plain file name that ends in .slurm, without a directory, such as run-14b.slurm',
}

/** A host's name, or its address; a node's name in Slurm. */
export const HOST_NAME: Format = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/,
  right: 'write the name of a host, of letters, digits and _ . -, such as gpu01-ib, or an IPv4 address',
}

export const NAME_SUFFIX: Format = {
  pattern: /^[A-Za-z0-9_.-]{1,63}$/,
  right: 'write the end of a node’s other name, of letters, digits and _ . -, such as i or -ib',
}

/** Job names, accounts, QoS. */
export const SLURM_NAME: Format = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,127}$/,
  right: 'write at most 128 letters, digits and _ . + @ -',
}

export const SLURM_NAMES: Format = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.+@-]*(?:,[A-Za-z0-9_][A-Za-z0-9_.+@-]*)*$/,
  right: 'write names of letters, digits and _ . + @ -, separated by commas without spaces',
}

/** A host list of slurm.conf(5). A path does not match, because sbatch would read it as a file of names. */
export const NODE_LIST: Format = {
  pattern:
    /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]|\[\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*\])*(?:,[A-Za-z0-9_](?:[A-Za-z0-9_.-]|\[\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*\])*)*$/,
  right: 'write node names as Slurm lists them, such as vasp-02 or vasp-[01-03,07]',
}

/** sbatch(1) --gpus-per-node with a type of gres.conf(5): the name of a GPU model or of a MIG profile. */
export const TYPED_GPUS: Format = {
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}:[1-9]\d{0,3}$/,
  right: 'write a number, or a type of gres.conf and a number, such as a100:4 or 1g.10gb:2',
}

/** sbatch(1) --mem: a whole number, megabytes without a unit. */
export const MEMORY: Format = {
  pattern: /^\d{1,9}[KMGTkmgt]?$/,
  right: 'write a whole number and K, M, G or T, such as 64G',
}

/** sbatch(1) --time. */
export const TIME: Format = {
  pattern: /^(?:\d{1,7}(?::[0-5]?\d){0,2}|\d{1,4}-\d{1,2}(?::[0-5]?\d){0,2}|UNLIMITED)$/,
  right:
    'write minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or days-hours:minutes:seconds, such as 01:30:00 or 2-12',
}

/**
 * sbatch(1) filename pattern, in which ~ and variables are not expanded. The directory must be there before the job starts,
 * so it cannot depend on the job.
 */
export const OUTPUT: Format = {
  pattern: /^(?:\/[A-Za-z0-9_.,:@+=-]+)*\/[A-Za-z0-9_.,:@+=%-]+$/,
  right:
    'write an absolute path without spaces, with % in its file name only, where sbatch replaces %j by the job’s number, such as /scratch/logs/%x-%j.log',
}

/** One option of sbatch(1): quotes closed, without the start of a comment or of a second option. */
export const SBATCH_OPTION: Format = {
  pattern:
    /^(?:--[a-z][a-z0-9-]*(?:=(?:"[^"\\\p{Cc}]*"|'[^'\p{Cc}]*'|[^\s"'#\\\p{Cc}])+)?|-[A-Za-z](?: ?(?:"[^"\\\p{Cc}]*"|'[^'\p{Cc}]*'|[^\s"'#\\\p{Cc}])+)?)$/u,
  right: 'write each option as an item of its own, as sbatch accepts it, such as --constraint=a100 or -x vasp-01',
}
