/** Milliseconds for one call to the shared directory in a program that goes on without its answer. */
export const SERVICE_DEADLINE_MS = 5_000

/** The same where a person waits, or where a program cannot start without the answer. */
export const COMMAND_DEADLINE_MS = 10_000
