import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shortPath } from './paths.mjs'
import { safeUrl } from './redis-wire.mjs'

/** What a person needs once the stack is up, with a request that works as it is printed. */
export function welcome({ root, stack, key, redis, seconds, now = new Date() }) {
  const metrics = Object.entries(stack.opsUrls).map(([name, url]) => `    ${name.padEnd(9)}${url}/metrics`)
  const whose = redis.server
    ? `started here, version ${redis.server.version}`
    : `from REDIS_URL, version ${redis.version}`
  return `
Assay is ready (${seconds.toFixed(1)} s).

  API        ${stack.apiUrl}
  API docs   ${stack.opsUrls.gateway}/docs/ (on the API’s port /docs needs the key)
  Metrics
${metrics.join('\n')}
  Redis      ${safeUrl(stack.redisUrl)} (${whose})
  Logs       ${shortPath(stack.logDir)}/
  Key        ${key}

Ask for a decision:

${curl({ root, apiUrl: stack.apiUrl, key, now })}

Ctrl-C stops everything.
`
}

/** The example request under a new application id: the same one again would only replay the first answer. */
export function curl({ root, apiUrl, key, now }) {
  const example = JSON.parse(readFileSync(join(root, 'examples', 'decision-request.json'), 'utf8'))
  const day = now.toISOString().slice(0, 10).replaceAll('-', '')
  const applicationId = `demo-${day}-${randomBytes(4).toString('hex')}`
  return `curl -sS ${apiUrl}/v1/decisions \\
  -H ${quoted(`Authorization: Bearer ${key}`)} \\
  -H 'Content-Type: application/json' \\
  -d ${quoted(JSON.stringify({ ...example, applicationId }))}`
}

/** Within single quotes a shell takes everything as it is, save the single quote. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`
}
