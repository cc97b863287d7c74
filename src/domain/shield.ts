/**
 * Becomes the program of its arguments, which does not hear the two signals of a notice: blocks both for it and whatever it
 * starts, which also holds for programs that install handlers; where env(1) cannot do that (before coreutils 8.31) ignores
 * them, which does not.
 */
export const SHIELD = `
if env --block-signal=TERM --block-signal=USR2 true 2>/dev/null; then
  exec env --block-signal=TERM --block-signal=USR2 "$@"
fi
trap '' TERM USR2
exec "$@"
`
