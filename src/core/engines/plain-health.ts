import { z } from 'zod'
import type { EngineSpec } from '../domain/engine-spec.ts'
import type { HttpAnswer } from '../domain/http-answer.ts'
import type { EngineHealth } from './engine.ts'

/**
 * The health of an engine that listens when it has loaded, and says so by 200. First match wins:
 * 1. nothing in time → silent
 * 2. nobody listens → refused; an answer that breaks off, or is no HTTP → erring
 * 3. 503, also of one that listens while it loads → busy; any other status but 200 → erring
 * 4. a list of models that is none → erring
 * 5. otherwise ready, with what it lists, or with the tier's model where it has no list
 */
export function readPlainHealth(spec: EngineSpec, health: HttpAnswer, models: HttpAnswer): EngineHealth {
  for (const answer of [health, models]) {
    if (answer.kind === 'timeout') return { kind: 'silent' } // 1
    if (answer.kind === 'refused') return answer // 2
    if (answer.kind === 'broken') return { kind: 'erring', message: answer.message } // 2
    const message = `HTTP ${answer.status}: ${answer.text.slice(0, 200)}`
    if (answer.status === 503) return { kind: 'busy', message } // 3
    if (answer.status !== 200) return { kind: 'erring', message } // 3
  }
  if (models === health) return { kind: 'ready', models: spec.model === undefined ? [] : [spec.model.name] } // 5
  const listed = parseList(models.kind === 'answered' ? models.text : '')
  if (listed === undefined) return { kind: 'erring', message: 'Its list of models is none' } // 4
  return { kind: 'ready', models: listed.map(model => model.id) } // 5
}

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) })

function parseList(text: string): readonly { id: string }[] | undefined {
  try {
    return listSchema.safeParse(JSON.parse(text)).data?.data
  } catch {
    return undefined
  }
}
