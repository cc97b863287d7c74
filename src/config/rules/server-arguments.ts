import type { EngineName } from '../../engines/index.ts'
import type { Finding } from '../finding.ts'

export function serverArgumentFindings(_engine: EngineName, _value: unknown): readonly Finding[] {
  return []
}
