import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const STARTING_SERVERS = [
  'test/library/**/*.test.ts',
  'test/adapters/engine/**/*.test.ts',
  'test/core/engines/{contract,added-engine}.test.ts',
  'test/commands/{cli,supervise,up,updater}.test.ts', // start the command itself
  'test/index.test.ts',
]

/**
 * No module of ours keeps state, so that a worker may take one file after the other; much of their time tests wait for
 * programs that they started.
 */
const onThisMachine = {
  globalSetup: 'test/support/temporary-directory.ts',
  // Bounds what hangs: beside a loaded lab a test of seconds takes a minute.
  testTimeout: 180_000,
  isolate: false,
  maxWorkers: 2 * availableParallelism(),
}

export default defineConfig({
  test: {
    projects: [
      // What `npm run check` takes: seconds.
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**', 'test/nodes/**', ...STARTING_SERVERS],
          ...onThisMachine,
        },
      },
      // Fetches other Nodes, and installs on them as a person with a fresh clone does: needs the registry.
      {
        test: {
          name: 'nodes',
          include: ['test/nodes/**/*.test.ts'],
          globalSetup: 'test/support/temporary-directory.ts',
          testTimeout: 600_000,
        },
      },
      { test: { name: 'servers', include: STARTING_SERVERS, ...onThisMachine } },
      {
        // Runs inside the lab (test/lab/main.ts), where Slurm, nginx and llama.cpp are real.
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          fileParallelism: false,
          // Two labs and whatever else share the machine. A longer wait costs only the test that fails.
          env: { LAB_PATIENCE: '3' },
          expect: { poll: { timeout: 60_000 } },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
