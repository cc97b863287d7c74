import Mustache from 'mustache'

/**
 * Renders a Mustache template without its two traps: a name that the view lacks throws instead of giving nothing, and
 * values stand as they are instead of being escaped for HTML. Quoting for the target is done where the view is built.
 */
export function renderStrictly(template: string, view: object, partials: Readonly<Record<string, string>>): string {
  return Mustache.render(template, new StrictContext(view), name => partial(name, partials), { escape: String })
}

class StrictContext extends Mustache.Context {
  readonly #parent: StrictContext | undefined

  constructor(view: object, parent?: StrictContext) {
    super(view, parent)
    this.#parent = parent
  }

  override push(view: object): StrictContext {
    return new StrictContext(view, this)
  }

  override lookup(name: string): unknown {
    const value: unknown = super.lookup(name)
    if (value === undefined) {
      throw new Error(`Cannot render a template: it names "${name}", which the view lacks${this.#place()}`)
    }
    return value
  }

  #place(): string {
    return this.#parent === undefined ? '' : ` within ${Object.keys(this.view).join(', ')}`
  }
}

function partial(name: string, partials: Readonly<Record<string, string>>): string {
  const text = partials[name]
  if (text === undefined) throw new Error(`Cannot render a template: there is no partial "${name}"`)
  return text
}
