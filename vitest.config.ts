import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'
import { closingLine } from './test/support/reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/empty-database.ts', 'test/support/keep-compiled.ts'],
    // Threads of the program under test (Piscina, onnxruntime) want a process of their own around them.
    pool: 'forks',
    // A worker takes one file after the other, and loads each module once: to load all anew for each of 240 files took a
    // third of all CPU. So no test file may leave anything behind.
    isolate: false,
    restoreMocks: true,
    // Node itself loads the TypeScript, as it does in production. Nothing here mocks a module, which would need more.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // More than the two cores that are promised: many tests wait for processes and sockets.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', closingLine()]
  }
})
