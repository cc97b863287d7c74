import Mustache from 'mustache'

/**
 * Renders a Mustache template strictly: a name that the view lacks throws, and so does a variable that is neither text nor a
 * number; null is for sections. Values are not escaped for HTML: the code that builds the view quotes them for the target.
 */
export function renderStrictly(
  template: string,
  view: object,
  partials: Readonly<Record<string, string>> = {},
): string {
  const partial = (name: string) => partials[name] ?? missing(name, 'there is no such partial')
  return new StrictWriter().render(template, new StrictContext(view), partial)
}

class StrictWriter extends Mustache.Writer {
  override escapedValue(token: string[], context: Mustache.Context): string {
    return this.unescapedValue(token, context)
  }

  override unescapedValue([, name = '']: string[], context: Mustache.Context): string {
    const value: unknown = context.lookup(name)
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    return missing(name, `the value is ${value === null ? 'null' : `of type ${typeof value}`}, not text`)
  }
}

class StrictContext extends Mustache.Context {
  override push(view: unknown): StrictContext {
    return new StrictContext(view, this)
  }

  override lookup(name: string): unknown {
    const value: unknown = super.lookup(name)
    return value === undefined ? missing(name, 'the view lacks it') : value
  }
}

function missing(name: string, why: string): never {
  throw new Error(`Cannot render a template: it names "${name}", and ${why}`)
}
