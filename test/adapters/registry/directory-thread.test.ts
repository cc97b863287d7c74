import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { type DirectoryThread, startDirectoryThread } from '../../../src/adapters/registry/directory-thread.ts'

const MODULE = new URL('../../../src/adapters/registry/directory-thread.ts', import.meta.url)

/** Threads that run these scripts, one after the other, and then the real one. */
async function threadOf(...scripts: string[]): Promise<DirectoryThread> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-thread-'))
  await writeFile(join(directory, 'a'), 'text')
  const thread = startDirectoryThread({ it: { path: directory, maxBytes: 100 } }, workerData => {
    const script = scripts.shift()
    return script === undefined ? new Worker(MODULE, { workerData }) : new Worker(script, { eval: true })
  })
  onTestFinished(async () => {
    await thread.close()
    await rm(directory, { recursive: true })
  })
  return thread
}

const WHOLE = { it: { whole: true, changed: [{ name: 'a', text: 'text' }], removed: [] } }
const onMessage = (then: string) => `require('node:worker_threads').parentPort.once('message', () => { ${then} })`

it('fails the read of a thread that dies, and reads with another, from the beginning', async () => {
  const thread = await threadOf(onMessage('throw new Error("out of luck")'), onMessage('process.exit(3)'))
  await expect(thread.read(['it'])).rejects.toThrow('The thread that reads "it" ended: out of luck')
  await expect(thread.read(['it'])).rejects.toThrow('The thread that reads "it" ended: code 3')
  expect(await thread.read(['it'])).toEqual(WHOLE)
  expect(await thread.read(['it'])).toMatchObject({ it: { whole: false, changed: [] } })
})

it('ends a read that waits when it is closed, and takes no other', async () => {
  const thread = await threadOf(onMessage(''), '')
  const read = thread.read(['it']).catch(String)
  await thread.close()
  expect(await read).toMatch('The thread that reads "it" ended')
  await expect(thread.read(['it'])).rejects.toThrow('its thread was closed')
})
