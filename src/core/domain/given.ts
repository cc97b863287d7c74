/**
 * The properties that have a value: `{ id, ...given({ key }) }` has a key only where there is one. Types say
 * `key?: string`, which an `undefined` does not satisfy (exactOptionalPropertyTypes), and JSON is equal as text too.
 */
export function given<T extends object>(properties: T): Given<T> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Given<T>
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }
