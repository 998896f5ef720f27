import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 40
const ANSWER_DEADLINE_MS = 2000

/**
 * Waits until every process answers 200 on /readyz. Returns the ones that do not, with the reason: the way it ended
 * (`how`), or its last answer when the deadline came. The first that ends makes the wait for the others pointless.
 */
export async function waitUntilReady(running, deadlineMs = 30_000) {
  const giveUpAt = Date.now() + deadlineMs
  let ended = false
  const failures = await Promise.all(
    running.map(async ({ name, process, log, opsUrl }) => {
      let how = null
      process.early.then((exit) => {
        how = exit
        ended = true
      })
      let last = 'it does not answer'
      while (Date.now() < giveUpAt && !ended) {
        last = await readyz(opsUrl)
        if (last === null) return null
        await sleep(POLL_MS)
      }
      if (how) return { name, log, how }
      return ended ? null : { name, log, last: `after ${deadlineMs / 1000} s ${last}` }
    })
  )
  return failures.filter((failure) => failure !== null)
}

/** Null when ready, else what was heard instead. */
async function readyz(opsUrl) {
  const url = `${opsUrl}/readyz`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) })
    const body = (await answer.text()).trim().slice(0, 500)
    return answer.status === 200 ? null : `${url} answers ${answer.status} ${body}`
  } catch (error) {
    return `${url} cannot be reached (${error.cause?.code ?? error.message})`
  }
}
