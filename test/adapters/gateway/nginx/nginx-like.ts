import { spawn } from 'node:child_process'
import { expect, onTestFinished } from 'vitest'
import { type NginxProcess, readNginx } from '../../../../src/adapters/gateway/nginx/nginx-processes.ts'

/** A process that has the title of one of nginx's, and ends with the test. */
export async function nginxLike(
  role: 'master' | 'worker',
  cwd = '/',
): Promise<NginxProcess & { end(): Promise<void> }> {
  const child = spawn('bash', ['-c', `exec -a 'nginx: ${role} process' sleep 600`], { cwd, stdio: 'ignore' })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const end = () => {
    child.kill('SIGKILL')
    return ended
  }
  onTestFinished(end)
  const read = () => (child.pid === undefined ? undefined : readNginx(child.pid))
  await expect.poll(read).toBeDefined()
  return { ...(read() as NginxProcess), end }
}
