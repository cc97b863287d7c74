/** The beginning of a regular expression that matches the tensors of the first `count` layers, at least one. */
export function firstLayersPattern(count: number): string {
  const whole = Math.floor(count / 10)
  const rest = count % 10
  const tens = (from: number, to: number) => (from === to ? String(from) : `[${from}-${to}]`)
  const parts = [
    ...(whole > 0 ? ['[0-9]'] : []),
    ...(whole > 1 ? [`${tens(1, Math.min(whole, 10) - 1)}[0-9]`] : []),
    ...(whole > 10 ? Array.from({ length: whole - 10 }, (_, index) => `${index + 10}[0-9]`) : []),
    ...(rest > 0 ? [`${whole === 0 ? '' : whole}${tens(0, rest - 1)}`] : []),
  ]
  return `blk\\.${parts.length === 1 ? parts.join('') : `(${parts.join('|')})`}\\.`
}
