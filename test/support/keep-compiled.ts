import { flushCompileCache } from 'node:module'
import { afterAll } from 'vitest'

// Most processes that tests start are killed, and a killed one keeps nothing of what it compiled. This one has compiled
// the same files, and tells them after each test file.
afterAll(() => flushCompileCache())
