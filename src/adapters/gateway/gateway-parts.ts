import type { Clock } from '../system/clock.ts'
import type { NginxCommand } from './nginx/nginx-command.ts'
import type { WorkerAccount } from './nginx/worker-account.ts'
import type { AmongOthers, GatewayTemplates } from './render/render-gateway.ts'
import type { StateDirectory } from './state-directory.ts'

/** The values that the parts of an open gateway share. */
export interface GatewayParts {
  readonly directory: StateDirectory
  readonly nginx: NginxCommand
  readonly templates: GatewayTemplates
  readonly workers: WorkerAccount | undefined
  readonly openFiles: number
  readonly amongOthers: AmongOthers | undefined
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
}
