import { createKeys } from '../redis/keys.ts'
import { createPolicySwapSet, type PolicySwapSet } from '../serving/policy-swap-set.ts'
import { readPolicyShadowLog } from '../serving/redis-shadow-log.ts'
import type { CommandArgs } from './command.ts'
import { withRedis } from './with-redis.ts'

/** Who would change sides if the candidate decided; of one policy id or version, or of all that were in shadow. */
export async function printPolicyReport(
  wanted: string | undefined,
  { env, values, print }: CommandArgs
): Promise<void> {
  await withRedis(env, async (redis, prefix) => {
    const byPolicy = new Map<string, ReturnType<typeof createPolicySwapSet>>()
    for await (const entry of readPolicyShadowLog(redis, createKeys(prefix).policyShadow())) {
      if (wanted !== undefined && entry.policy !== wanted && !entry.policy.startsWith(`${wanted}@`)) continue
      const swapSet = byPolicy.get(entry.policy) ?? createPolicySwapSet()
      byPolicy.set(entry.policy, swapSet)
      swapSet.add(entry)
    }
    const reports = [...byPolicy].map(([policy, swapSet]) => ({ policy, ...swapSet.read() }))
    if (values.json === true) return print(JSON.stringify(reports))
    if (reports.length === 0) return print('no candidate has been asked about a decision yet')
    for (const { policy, ...report } of reports) {
      print(policy)
      for (const line of swapSetLines(report)) print(line)
    }
  })
}

/** A swap set for people: approval rates and changes by segment, then what was granted by currency. */
export function swapSetLines({ segments, terms }: PolicySwapSet): string[] {
  const width = Math.max(0, ...segments.map(({ segment }) => segment.length))
  const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`
  const lines = segments.flatMap(({ segment, decisions, swapIn, swapOut, approvalRate, cells }) => [
    `  ${segment.padEnd(width)}  ${decisions} decisions, approval ${percent(approvalRate.decided)} → ${percent(approvalRate.shadow)}, approved only by the candidate ${swapIn}, no longer approved ${swapOut}`,
    ...cells
      .filter(({ decided, shadow }) => decided !== shadow)
      .map(
        ({ decided, shadow, count }) =>
          `  ${''.padEnd(width)}    ${decided} → ${shadow}: ${count} (${percent(count / decisions)})`
      )
  ])
  const change = (before: number, after: number) =>
    `${before} → ${after} (${after >= before ? '+' : ''}${after - before})`
  return [
    ...lines,
    ...terms.flatMap(({ currency, decided, shadow }) => [
      `  ${currency}, minor units: limits ${change(decided.limitMinor, shadow.limitMinor)}`,
      `  ${currency}, minor units: amounts ${change(decided.amountMinor, shadow.amountMinor)}`,
      `  ${currency}, minor units: expected margin ${change(decided.marginMinor, shadow.marginMinor)}`
    ])
  ]
}
