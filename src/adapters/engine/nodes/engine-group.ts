/** The processes of one engine, on one node or several: one thing that starts, fails and stops as a whole. */
export interface EngineGroup {
  /** How the first of them ended, or why it could not be brought up; resolves once and never rejects. */
  readonly exited: Promise<string>
  /** `node` undefined: this one. */
  processes(): readonly { readonly role: string; readonly pid: number; readonly node: string | undefined }[]
  /** Undefined: nothing is in the way. What is waited for, the copy of its model, or what the head has said that it cannot live with. */
  trouble(): Promise<{ readonly kind: 'waiting' | 'copying' | 'fatal'; readonly message: string } | undefined>
  /** Resolves when nothing of it is left, with the pids of the stragglers that had to be killed on this node. */
  stop(): Promise<readonly number[]>
}
