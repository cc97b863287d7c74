/** What a question over HTTP gave: an answer, a refusal (nobody listens, or the connection broke), or nothing in time. */
export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'timeout' }
