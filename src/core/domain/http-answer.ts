/**
 * The result of an HTTP request: an answer, a refused connection, a connection that broke or did not carry HTTP, or a timeout.
 */
export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'timeout' }
