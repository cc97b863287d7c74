/** How many hosts a host list names: `a[01-03,07],b` has 5. */
export function countHosts(list: string): number {
  return list
    .split(/,(?![^[]*\])/)
    .map(host =>
      [...host.matchAll(/\[([^\]]*)\]/g)].reduce((count, [, ranges = '']) => count * countNumbers(ranges), 1),
    )
    .reduce((sum, count) => sum + count, 0)
}

/** `01-03,07` has 4. */
function countNumbers(ranges: string): number {
  return ranges
    .split(',')
    .map(range => {
      const [first = '', last = first] = range.split('-')
      return Math.max(0, Number(last) - Number(first) + 1)
    })
    .reduce((sum, count) => sum + count, 0)
}
