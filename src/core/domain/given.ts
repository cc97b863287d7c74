/**
 * Leaves out the properties that are undefined: `{ id, ...given({ key }) }` has `key` only with a value. `key?: string` does not
 * accept undefined (exactOptionalPropertyTypes), and a deep comparison counts such a property as a difference.
 */
export function given<T extends object>(properties: T): Given<T> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Given<T>
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }
