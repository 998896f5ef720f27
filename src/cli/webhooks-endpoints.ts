import { systemClock } from '../clock.ts'
import { composeTestBody, isTaken } from '../webhooks/deliver.ts'
import { WEBHOOK_TYPES, type WebhookType } from '../webhooks/event.ts'
import type { Deliveries } from '../webhooks/redis-deliveries.ts'
import { type Endpoint, type Endpoints, MAX_ENDPOINTS } from '../webhooks/redis-endpoints.ts'
import { createSender } from '../webhooks/send.ts'
import { SIGNATURE_HEADER, signBody } from '../webhooks/signature.ts'
import { resolveByDns, type TargetRule, targetProblem } from '../webhooks/target.ts'
import { type CommandArgs, required, UsageError } from './command.ts'
import { tenantOf } from './option-values.ts'

/** A call of bin/assay webhooks with what it works on. */
export interface WebhooksCall extends CommandArgs {
  /** The endpoint or delivery that is named; empty for an action on many. */
  readonly id: string
  readonly endpoints: Endpoints
  readonly deliveries: Deliveries
  readonly rule: TargetRule
}

export const DEFAULT_OVERLAP_HOURS = 24
const MAX_OVERLAP_HOURS = 720
const HOUR_MS = 3_600_000
const TEST_TIMEOUT_MS = 10_000

/** assay webhooks add */
export async function addEndpoint({ endpoints, rule, values, print }: WebhooksCall): Promise<void> {
  const tenant = tenantOf(values)
  const url = required(values, 'url')
  const problem = targetProblem(url, rule)
  if (problem !== undefined) throw new UsageError(`--url ${problem}`)
  const added = await endpoints.add(tenant, { url, types: typesOf(values.types) }, systemClock.nowMs())
  if (added === 'too_many') throw new Error(`${tenant} has ${MAX_ENDPOINTS} endpoints: remove one first`)
  const { id, keyId, secret } = added
  if (values.json === true) print(JSON.stringify({ endpointId: id, keyId, secret }))
  else print(`${id}\nkey ${keyId}\n${secret}\nThe secret is shown once. Try it: assay webhooks test ${id}`)
}

function typesOf(value: CommandArgs['values'][string]): readonly WebhookType[] {
  if (typeof value !== 'string') return WEBHOOK_TYPES
  const types = [...new Set(value.split(','))]
  const unknown = types.filter((type) => !(WEBHOOK_TYPES as readonly string[]).includes(type))
  if (unknown.length > 0)
    throw new UsageError(`--types: ${unknown.join(', ')} is not one of ${WEBHOOK_TYPES.join(', ')}`)
  return types as WebhookType[]
}

/** assay webhooks list */
export async function listEndpoints({ endpoints, values, print }: WebhooksCall): Promise<void> {
  const all = await (typeof values.tenant === 'string' ? endpoints.ofTenant(values.tenant) : endpoints.all())
  for (const endpoint of all) print(values.json === true ? JSON.stringify(endpoint) : lineOf(endpoint))
}

function lineOf({ id, tenant, url, types, disabledAtMs, keys }: Endpoint): string {
  const state = disabledAtMs === null ? 'active' : `off since ${new Date(disabledAtMs).toISOString()}, it answered 410`
  const keyTexts = keys.map(({ keyId, endsAtMs }) =>
    endsAtMs === null ? keyId : `${keyId} until ${new Date(endsAtMs).toISOString()}`
  )
  // A path or query may hold a secret of the partner’s own.
  return [id, tenant, URL.parse(url)?.origin, types.join(','), keyTexts.join(', '), state].join('  ')
}

/** assay webhooks remove */
export async function removeEndpoint(call: WebhooksCall): Promise<void> {
  await call.endpoints.remove(await findEndpoint(call))
  call.print('removed: what is still on its way is not sent')
}

/** assay webhooks rotate */
export async function rotateEndpoint(call: WebhooksCall): Promise<void> {
  const { endpoints, values, print } = call
  const hours = Number(values['overlap-hours'] ?? DEFAULT_OVERLAP_HOURS)
  if (!Number.isInteger(hours) || hours < 0 || hours > MAX_OVERLAP_HOURS)
    throw new UsageError(`--overlap-hours takes a whole number up to ${MAX_OVERLAP_HOURS}`)
  const { keyId, secret } = await endpoints.rotate(await findEndpoint(call), hours * HOUR_MS, systemClock.nowMs())
  if (values.json === true) print(JSON.stringify({ keyId, secret }))
  else print(`key ${keyId}\n${secret}\nThe secret is shown once. The key before it signs as well for ${hours} hours.`)
}

/** assay webhooks enable */
export async function enableEndpoint(call: WebhooksCall): Promise<void> {
  await call.endpoints.enable(await findEndpoint(call))
  call.print('on: events from now on are sent; assay webhooks dead lists what was not')
}

/** assay webhooks test */
export async function testEndpoint(call: WebhooksCall): Promise<void> {
  const { endpoints, rule, print } = call
  const endpoint = await findEndpoint(call)
  const nowMs = systemClock.nowMs()
  const { eventId, body } = composeTestBody(endpoint.id, nowMs)
  const send = createSender({ rule, resolve: resolveByDns, timeoutMs: TEST_TIMEOUT_MS })
  const signature = signBody(await endpoints.signingKeys(endpoint, nowMs), body, nowMs)
  const result = await send(endpoint.url, { [SIGNATURE_HEADER]: signature, 'assay-event-id': eventId }, body)
  if (!isTaken(result)) process.exitCode = 1
  const answer = result.kind === 'answered' ? `answered ${result.status}` : result.failure
  print(`${isTaken(result) ? 'taken' : 'not taken'}: ${answer}`)
}

async function findEndpoint({ endpoints, id }: WebhooksCall): Promise<Endpoint> {
  const endpoint = await endpoints.find(id)
  if (endpoint === undefined) throw new Error(`there is no endpoint ${id.slice(0, 40)}`)
  return endpoint
}
