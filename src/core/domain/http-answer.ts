/**
 * What a question over HTTP gave: an answer, a refusal (nobody listens), a connection that broke or answered in
 * no HTTP, or nothing in time.
 */
export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'timeout' }
