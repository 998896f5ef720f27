import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { Command } from 'ioredis'
import { isoDate } from '../../src/domain/calendar.ts'
import { createDrift } from '../../src/drift/drift.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { encodeCall } from '../../src/redis/encoded-call.ts'
import { measureInterleaved } from './interleaved.ts'

// The lines of the service that look odd for the sake of speed, each beside the plain way. Prints medians and ratios.

const keyHex = randomBytes(32).toString('hex')
const key = createSecretKey(Buffer.from(keyHex, 'hex'))
const tokenise = createTokenise(keyHex)

await show('identity token (src/edge/tokens.ts, docs/decisions/0005)', {
  'SHA3-256 over key and message': (index) => tokenise('demo', 'phone', `23480${index}`),
  'HMAC-SHA-256': (index) =>
    createHmac('sha256', key).update(`demo|phone|23480${index}`).digest('base64url').slice(0, 22)
})

await show('ISO date of a day number (src/domain/calendar.ts)', {
  'civil calendar arithmetic': (index) => isoDate(20_000 + (index % 4000)),
  'Date.toISOString': (index) => new Date((20_000 + (index % 4000)) * 86_400_000).toISOString().slice(0, 10)
})

const record = randomBytes(46)
const begun = Array.from({ length: 16 }, (_, index) => [`{p00}:application:${index}`, 'x'.repeat(400), record])
await show('FCALL of sixteen decisions as bytes (src/redis/encoded-call.ts)', {
  'in one piece': () => encodeCall(['FCALL', 'assay_begin', 16], begun.flat()),
  'argument by argument, ioredis': () => new Command('FCALL', ['assay_begin', 16, ...begun.flat()]).toWritable({})
})

const names = Array.from({ length: 40 }, (_, index) => `input.${index}`)
const deciles = { edges: Array.from({ length: 9 }, (_, edge) => (edge + 1) / 10), shares: Array(10).fill(0.1) }
const reference = { rows: 10_000, score: deciles, inputs: names.map((name) => ({ name, ...deciles, missing: 0 })) }
const drift = createDrift(reference, names, { monotonicMs: () => performance.now() })
const vectors = Array.from({ length: 4096 }, () => Float32Array.from(names, () => Math.random()))
const bins = new Map<string, number>()
await show('drift of one decision, forty inputs (src/drift/drift.ts)', {
  'cells of one ring': (index) => {
    drift.observe(vectors[index % 4096] as Float32Array, (index % 100) / 100)
    return index
  },
  'a map of bins by name': (index) => {
    const vector = vectors[index % 4096] as Float32Array
    for (let input = 0; input < names.length; input++) {
      const bin = `${names[input]} ${deciles.edges.filter((edge) => edge <= (vector[input] as number)).length}`
      bins.set(bin, (bins.get(bin) ?? 0) + 1)
    }
    return index
  }
})

async function show(title: string, contenders: Record<string, (index: number) => unknown>): Promise<void> {
  const medians = Object.entries(await measureInterleaved(contenders))
  const [, ours] = medians[0] as [string, number]
  process.stdout.write(`${title}\n`)
  for (const [name, micros] of medians) {
    process.stdout.write(`  ${name.padEnd(32)}${micros.toFixed(2).padStart(7)} µs  ${(micros / ours).toFixed(2)} ×\n`)
  }
}
