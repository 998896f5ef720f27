import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What a child tells its parent about one task: any number of events, then one of the others. */
type Message =
  | { readonly kind: 'event'; readonly value: unknown }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly message: string }

export interface Child<Task, Event, Result> {
  readonly pid: number
  /** One task at a time. Rejects when the task fails, when the child ends, and when the signal aborts. */
  run(task: Task, options?: { onEvent?: (event: Event) => void; signal?: AbortSignal }): Promise<Result>
  stop(): Promise<void>
}

/** Starts a module that calls serveParent(), in a process of its own. */
export function startChild<Task, Event, Result>(module: URL): Child<Task, Event, Result> {
  // A group of its own: Ctrl-C in a terminal reaches everybody in the group at once, but the order of the end is ours.
  const child = fork(module, { detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  return {
    pid: child.pid ?? 0,
    run: (task, { onEvent, signal } = {}) =>
      new Promise((resolve, reject) => {
        const hear = (received: unknown): void => {
          const message = received as Message
          if (message.kind === 'event') {
            onEvent?.(message.value as Event)
            return
          }
          forget()
          if (message.kind === 'done') resolve(message.value as Result)
          else reject(new Error(message.message))
        }
        const fail = (error: unknown): void => {
          forget()
          reject(error)
        }
        const onExit = (code: number | null): void => fail(new Error(`${module.pathname} ended with code ${code}`))
        const onAbort = (): void => fail(signal?.reason)
        const forget = (): void => {
          child.off('message', hear).off('exit', onExit).off('error', fail)
          signal?.removeEventListener('abort', onAbort)
        }
        if (signal?.aborted === true) return reject(signal.reason)
        signal?.addEventListener('abort', onAbort)
        child.on('message', hear).on('exit', onExit).on('error', fail)
        child.send(task as object)
      }),
    stop: async () => {
      if (isRunning(child)) child.kill('SIGKILL')
      if (child.pid !== undefined) await exited
    }
  }
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null
}

/** The child’s side: answers each task, and ends when the parent does, however that ended. */
export function serveParent<Task, Event, Result>(
  handle: (task: Task, emit: (event: Event) => void) => Promise<Result>
): void {
  const tell = (message: Message): void => void process.send?.(message)
  process.on('message', (task) => {
    handle(task as Task, (value) => tell({ kind: 'event', value })).then(
      (value) => tell({ kind: 'done', value }),
      (error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
    )
  })
  process.on('disconnect', () => process.exit())
}
