import {
  createPartnerKeys,
  PARTNER_SCOPES,
  type PartnerKeys,
  ReviewerSchema,
  SCOPES,
  type Scope
} from '../access/partner-keys.ts'
import { systemClock } from '../clock.ts'
import { compileCheck } from '../domain/check.ts'
import { createKeys } from '../redis/keys.ts'
import { type Command, type CommandArgs, UsageError } from './command.ts'
import { tenantOf } from './option-values.ts'
import { withRedis } from './with-redis.ts'

const checkReviewer = compileCheck(ReviewerSchema)

/** bin/assay keys: partner keys, of which only digests are kept. */
export const keysCommand: Command = {
  name: 'keys',
  summary: 'Create, list, check and revoke partner keys',
  usage: `assay keys create --tenant NAME [--scopes ${PARTNER_SCOPES.join(',')}] [--json]
assay keys create --tenant NAME --reviewer PERSON [--json]
assay keys list
assay keys check KEY     exit code 0 when the key is valid
assay keys revoke KEY_ID

  --tenant   the partner the key belongs to
  --scopes   what it allows, comma-separated; all of it by default
  --reviewer a key with which one person reviews, and does nothing else
  --json     one JSON line with key, keyId and tenant

Uses REDIS_URL, or the Redis of a running npm start.`,
  options: {
    tenant: { type: 'string' },
    scopes: { type: 'string' },
    reviewer: { type: 'string' },
    json: { type: 'boolean' }
  },
  run: (args) =>
    withRedis(args.env, async (redis, prefix) => {
      const partnerKeys = createPartnerKeys(redis, createKeys(prefix))
      const [action, operand] = args.positionals
      if (action === 'create') return create(partnerKeys, args)
      if (action === 'list') return list(partnerKeys, args)
      if (action === 'check') return check(partnerKeys, operand, args)
      if (action === 'revoke') return revoke(partnerKeys, operand, args)
      throw new UsageError(`keys ${action ?? ''}: say create, list, check or revoke`)
    })
}

async function create(partnerKeys: PartnerKeys, { values, print }: CommandArgs): Promise<void> {
  const tenant = tenantOf(values)
  const reviewer = readReviewer(values)
  const all = reviewer === undefined ? PARTNER_SCOPES : ['reviews']
  const scopes = typeof values.scopes === 'string' ? values.scopes.split(',') : [...all]
  const unknown = scopes.filter((scope) => !(SCOPES as readonly string[]).includes(scope))
  if (unknown.length > 0) throw new UsageError(`--scopes: ${unknown.join(', ')} is not one of ${SCOPES.join(', ')}`)
  if (scopes.includes('reviews') !== (reviewer !== undefined) || (reviewer !== undefined && scopes.length > 1))
    throw new UsageError('the scope reviews goes with --reviewer, and with no other scope')
  const { key, keyId } = await partnerKeys.create(tenant, scopes as Scope[], systemClock.nowMs(), reviewer)
  if (values.json === true) print(JSON.stringify({ key, keyId, tenant }))
  else print(`${key}\nShown once: only its digest is kept. Revoke it with: assay keys revoke ${keyId}`)
}

function readReviewer(values: CommandArgs['values']): string | undefined {
  if (values.reviewer === undefined) return undefined
  const checked = checkReviewer(values.reviewer)
  if (checked.ok) return checked.value
  throw new UsageError('--reviewer takes lower-case letters, digits, . and -, at most 32')
}

async function list(partnerKeys: PartnerKeys, { print }: CommandArgs): Promise<void> {
  for (const { keyId, tenant, scopes, reviewer, createdAtMs, revokedAtMs } of await partnerKeys.list()) {
    const state = revokedAtMs === null ? 'active' : `revoked ${new Date(revokedAtMs).toISOString()}`
    const allows = reviewer === undefined ? scopes.join(',') : `reviews by ${reviewer}`
    print(`${keyId}  ${tenant}  ${allows}  ${new Date(createdAtMs).toISOString()}  ${state}`)
  }
}

async function check(partnerKeys: PartnerKeys, key: string | undefined, { print }: CommandArgs): Promise<void> {
  if (key === undefined) throw new UsageError('keys check needs the key')
  const principal = await partnerKeys.verify(key)
  if (principal === 'refused') {
    process.exitCode = 1
    print('refused')
  } else print(`valid for ${principal.tenant}: ${principal.scopes.join(', ')}`)
}

async function revoke(partnerKeys: PartnerKeys, keyId: string | undefined, { print }: CommandArgs): Promise<void> {
  if (keyId === undefined) throw new UsageError('keys revoke needs the key id')
  const known = await partnerKeys.revoke(keyId, systemClock.nowMs())
  if (!known) process.exitCode = 1
  print(known ? `revoked; gateways refuse it within five seconds` : 'no such key')
}
