import { pick, type Random } from '../../load-tests/random.ts'

export const VICTIMS = ['gateway', 'ingest', 'redis', 'monitor'] as const
export type Victim = (typeof VICTIMS)[number]

export interface PlannedKill {
  readonly victim: Victim
  /** So many decisions must have been made before. */
  readonly afterDecisions: number
}

/** Now and then two processes at once. */
const AT_ONCE_SHARE = 0.2

/**
 * Kills spread over a run by its decisions, not by the clock: while nothing is decided nothing more is killed, and a slow
 * machine has as many as a fast one. Every four kills hit every process, in any order.
 */
export function planKills(kills: number, decisions: number, random: Random): PlannedKill[] {
  const plan: PlannedKill[] = []
  let deck: Victim[] = []
  for (let index = 0; index < kills; index++) {
    if (deck.length === 0) deck = [...VICTIMS]
    const victim = pick(random, deck)
    deck = deck.filter((each) => each !== victim)
    const before = plan.at(-1)?.afterDecisions
    const drawn = Math.floor(decisions * (0.05 + (0.85 * (index + random())) / kills))
    plan.push({ victim, afterDecisions: before !== undefined && random() < AT_ONCE_SHARE ? before : drawn })
  }
  return plan
}

export interface Killer {
  /** Carries out what the plan holds for this many decisions. */
  readonly after: (decisions: number) => void
  readonly kills: Readonly<Record<Victim, number>>
}

/**
 * Kills the processes of a service by their ids. One that was killed already and is not back yet is killed once it is:
 * an id is never signalled twice, it may belong to somebody else by then.
 */
export function createKiller(
  plan: readonly PlannedKill[],
  pids: Readonly<Record<string, number>>,
  onKill: (victim: Victim) => void
): Killer {
  const kills = { gateway: 0, ingest: 0, redis: 0, monitor: 0 }
  const ended = new Set<number>()
  let waiting = [...plan]
  return {
    kills,
    after: (decisions) => {
      if (waiting.length === 0 || (waiting[0] as PlannedKill).afterDecisions > decisions) return
      waiting = waiting.filter(({ victim, afterDecisions }) => {
        const pid = pids[victim]
        if (afterDecisions > decisions || pid === undefined || ended.has(pid)) return true
        ended.add(pid)
        if (!killed(pid)) return true
        kills[victim]++
        onKill(victim)
        return false
      })
    }
  }
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself a moment ago.
    return false
  }
}
