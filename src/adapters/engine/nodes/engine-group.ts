/** The processes of one engine, on one node or several: one thing that starts, fails and stops as a whole. */
export interface EngineGroup {
  /** How the first of them ended, or why it could not be started; resolves once and never rejects. */
  readonly exited: Promise<string>
  /** `node` undefined: this one. */
  processes(): readonly { readonly role: string; readonly pid: number; readonly node: string | undefined }[]
  /** Why it does not serve: a wait, the copy of its model, or a fatal message of the head. Undefined: nothing prevents it. */
  trouble(): Promise<{ readonly kind: 'waiting' | 'copying' | 'fatal'; readonly message: string } | undefined>
  /** Resolves when no process of it is left, with the pids of the stragglers that had to be killed on this node. */
  stop(): Promise<readonly number[]>
}
