import type { Reporter, TestModule, TestSuite, Vitest } from 'vitest/node'

/**
 * Ends the run with the names of what was skipped and, alone on the very last line, `N passed, N failed`.
 *
 * Written when the process exits: whatever vitest still has to say after the run comes before it. A run that fails
 * without a failing test (a file that does not load, a hook, a broken setup) still counts at least one failure.
 */
export function closingLine(write: (text: string) => void = (text) => process.stdout.write(text)): Reporter {
  const count = { passed: 0, failed: 0, skipped: 0 }
  let skipped: string[] = []
  return {
    onInit(vitest: Vitest) {
      process.once('exit', (code) => {
        const failed = Math.max(count.failed, code === 0 ? 0 : 1)
        // With a name filter the rest is skipped on purpose; a list of it would bury the answer.
        if (skipped.length > 0 && !vitest.config.testNamePattern) write(skippedList(skipped))
        write(`${count.passed} passed, ${failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}\n`)
      })
    },
    onTestRunEnd(modules, unhandledErrors) {
      count.failed = unhandledErrors.length
      for (const module of modules) countModule(module, count)
      skipped = modules.flatMap(skippedIn)
    }
  }
}

function countModule(module: TestModule, count: { passed: number; failed: number; skipped: number }): void {
  count.failed += module.errors().length
  for (const suite of module.children.allSuites()) count.failed += suite.errors().length
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state === 'passed' || state === 'failed') count[state]++
    else count.skipped++
  }
}

/** The largest wholly skipped parts: the file, else its suites, else single tests. */
function skippedIn(module: TestModule): string[] {
  const isWhollySkipped = (part: TestModule | TestSuite): boolean =>
    part.children.size > 0 && [...part.children.allTests()].every((test) => test.result().state === 'skipped')
  const walk = (part: TestModule | TestSuite, path: string): string[] => {
    if (isWhollySkipped(part)) return [path]
    return [...part.children].flatMap((child) => {
      const name = `${path} > ${child.name}`
      if (child.type === 'suite') return walk(child, name)
      return child.result().state === 'skipped' ? [name] : []
    })
  }
  return walk(module, module.relativeModuleId)
}

function skippedList(names: readonly string[]): string {
  return `\n!! SKIPPED, so not proven by this run:\n${names.map((name) => `!!   ${name}\n`).join('')}\n`
}
