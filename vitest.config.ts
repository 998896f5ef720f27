import { defineConfig } from 'vitest/config'
import { closingLine } from './test/support/reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/empty-database.ts'],
    // Threads of the program under test (Piscina, onnxruntime) want a process of their own around them.
    pool: 'forks',
    // One more than the two cores that are promised: many tests wait for processes and sockets.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', closingLine()]
  }
})
