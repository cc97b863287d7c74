import { z } from 'zod'
import type { EngineSpec } from '../domain/engine-spec.ts'
import type { HttpAnswer } from '../domain/http-answer.ts'
import type { EngineHealth } from './engine.ts'

/**
 * The health of an engine that listens once it has loaded, and answers 200. First match wins:
 * 1. nothing in time → silent
 * 2. connection refused → refused; an answer that breaks off, or is not HTTP → erring
 * 3. 503, also from an engine that listens while it loads → busy; any other status but 200 → erring
 * 4. the answer of the models path is not a list of models → erring
 * 5. otherwise ready, with the models of the list, or with the tier's model where there is no list
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
  if (listed === undefined) return { kind: 'erring', message: '/v1/models returned no list of models' } // 4
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
