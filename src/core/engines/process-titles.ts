/**
 * Titles that engines give their processes: vLLM `VLLM::EngineCore`, `VLLM::Worker_TP0`, SGLang `sglang::scheduler_TP0`,
 * `sglang::detokenizer`. With SPT_NOENV a title is cut to the length of the command line that it replaces.
 * (vLLM set_process_title() of vllm/utils/system_utils.py; SGLang setproctitle() in its managers.)
 */
const TITLES = [/^VLLM::/, /^sglang::/]

/** Whether a process with this title is part of an engine. The title does not show of which one. */
export function isEngineTitle(title: string): boolean {
  return TITLES.some(pattern => pattern.test(title))
}
