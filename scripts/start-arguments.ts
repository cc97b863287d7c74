/** What `npm start` hands to `sluice up`; in words why nothing. */
export type StartArguments = { readonly up: readonly string[] } | { readonly refusal: string }

/** npm's own variables for options that were typed without the `--` before them, and so never reached us. */
const TAKEN_BY_NPM = ['once', 'model'] as const

/** `npm start -- [up] [--once] [--model FILE]`: a leading `up` is what runs anyway, another command is not what this runs. */
export function startArguments(argv: readonly string[], env: NodeJS.ProcessEnv): StartArguments {
  const taken = TAKEN_BY_NPM.find(name => env[`npm_config_${name}`] !== undefined)
  if (taken !== undefined) {
    return { refusal: `npm has taken --${taken} for an option of its own: write npm start -- --${taken} …` }
  }
  const [first, ...rest] = argv
  if (first === 'up') return { up: rest }
  if (first === undefined || first.startsWith('-')) return { up: argv }
  return { refusal: `npm start runs sluice up, and takes its options alone. For this: ./sluice ${argv.join(' ')}` }
}
