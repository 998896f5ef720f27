import type { DeadDelivery } from '../webhooks/redis-deliveries.ts'
import { UsageError } from './command.ts'
import type { WebhooksCall } from './webhooks-endpoints.ts'

export const DEFAULT_DEAD_LIMIT = 50
const MAX_LIMIT = 1000

/** assay webhooks dead */
export async function listDead({ endpoints, deliveries, values, print }: WebhooksCall): Promise<void> {
  const limit = Number(values.limit ?? DEFAULT_DEAD_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new UsageError(`--limit takes a number from 1 to ${MAX_LIMIT}`)
  const tenants =
    typeof values.tenant === 'string' ? [values.tenant] : new Set((await endpoints.all()).map(({ tenant }) => tenant))
  let found = 0
  for (const tenant of tenants) {
    for (const letter of await deliveries.listDead(tenant, limit)) {
      found++
      print(values.json === true ? JSON.stringify({ tenant, ...letter }) : lineOf(tenant, letter))
    }
  }
  if (found === 0 && values.json !== true) print('no dead deliveries')
}

function lineOf(tenant: string, { deliveryId, type, aggregateId, failure, status, tries, deadAt }: DeadDelivery) {
  const cause = status === null ? failure : `answered ${status}`
  return [deliveryId, tenant, type, aggregateId, `${cause} in ${tries} tries`, deadAt].join('  ')
}

/** assay webhooks resend */
export async function resendDead({ endpoints, deliveries, id, print }: WebhooksCall): Promise<void> {
  const endpoint = await endpoints.find(id.split('.')[1] ?? '')
  if (endpoint === undefined) throw new Error('the endpoint of this delivery was removed')
  if (endpoint.disabledAtMs !== null) throw new Error(`first: assay webhooks enable ${endpoint.id}`)
  if (!(await deliveries.resend(endpoint.tenant, id))) throw new Error(`there is no dead delivery ${id.slice(0, 80)}`)
  print('queued again')
}
