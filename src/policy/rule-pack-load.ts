import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { type Checked, compileCheck } from '../domain/check.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import { findRepeatedMembers } from './repeated-members.ts'
import {
  type LprSeries,
  LprSeriesSchema,
  type RateCapRule,
  RULE_SCHEMAS,
  type Rule,
  type RuleKind,
  type RulePack,
  RulePackHeadSchema
} from './rule-pack-schema.ts'

const DAY_MS = 86_400_000
const LPR_FILE = 'lpr-1y.json'

export interface LoadedRulePack {
  readonly pack: RulePack
  /** id-version@sha256 of the file, for the trace. */
  readonly id: string
  readonly file: string
}

export interface LoadedLpr {
  readonly series: LprSeries
  readonly file: string
}

const checkHead = compileCheck(RulePackHeadSchema)
const checkLpr = compileCheck(LprSeriesSchema)
const checkRule = Object.fromEntries(
  Object.entries(RULE_SCHEMAS).map(([kind, schema]) => [kind, compileCheck(schema)])
) as Record<RuleKind, (rule: unknown) => Checked<Rule>>

/**
 * Reads a folder of rule packs (one JSON file each) and the LPR series beside them (lpr-1y.json).
 *
 * @throws AssayError policy_invalid with the file and every problem found in it
 */
export async function loadRulePacks(folder: URL): Promise<{ packs: readonly LoadedRulePack[]; lpr: LoadedLpr }> {
  const files = await readRuleFiles(folder)
  if (!files.some(({ name }) => name === LPR_FILE))
    throw new AssayError('policy_invalid', `${folder.pathname}: ${LPR_FILE} is missing`)
  return parseRuleFiles(files)
}

/** A rule pack or the LPR series, as it lies in a folder. */
export interface RuleFile {
  readonly name: string
  /** Its path, for what is said of it. */
  readonly file: string
  readonly bytes: Buffer
}

/** The JSON files of a folder, by name. */
export async function readRuleFiles(
  folder: URL,
  isWanted: (name: string) => boolean = () => true
): Promise<RuleFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && isWanted(name)).sort()
  return Promise.all(
    names.map(async (name) => ({
      name,
      file: `${folder.pathname}${name}`,
      bytes: await readFile(new URL(name, folder))
    }))
  )
}

/**
 * @param files rule packs, and the LPR series among them
 * @throws AssayError policy_invalid with the file and every problem found in it
 */
export function parseRuleFiles(files: readonly RuleFile[]): { packs: readonly LoadedRulePack[]; lpr: LoadedLpr } {
  const lpr = files.find(({ name }) => name === LPR_FILE)
  if (lpr === undefined) throw new AssayError('policy_invalid', `${LPR_FILE} is missing`)
  return {
    packs: files.filter((each) => each !== lpr).map(({ bytes, file }) => parseRulePack(bytes, file)),
    lpr: parseLpr(lpr.bytes, lpr.file)
  }
}

/** @throws AssayError policy_invalid with the file and every problem found */
export function parseRulePack(bytes: Uint8Array, file: string): LoadedRulePack {
  const checked = checkHead(parseJson(bytes, file))
  if (!checked.ok) throw new AssayError('policy_invalid', file, { problems: checked.problems })
  const results = checked.value.rules.map((rule) => checkRule[rule.kind](rule))
  const ruleProblems = results.flatMap((result, index) =>
    result.ok ? [] : result.problems.map(({ field, problem }) => at(`/rules/${index}${field}`, problem))
  )
  if (ruleProblems.length > 0) throw new AssayError('policy_invalid', file, { problems: ruleProblems })
  const pack: RulePack = { ...checked.value, rules: results.flatMap((result) => (result.ok ? [result.value] : [])) }
  const problems = findContradictions(pack)
  if (problems.length > 0) throw new AssayError('policy_invalid', file, { problems })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { pack, id: `${pack.id}-${pack.version}@sha256:${sha256.slice(0, 12)}`, file }
}

/** @throws AssayError policy_invalid with the file and every problem found */
export function parseLpr(bytes: Uint8Array, file: string): LoadedLpr {
  const checked = checkLpr(parseJson(bytes, file))
  const problems = checked.ok
    ? checked.value.points.flatMap(({ from, source }, index, points) => {
        const before = points[index - 1]
        return [
          ...(before !== undefined && from <= before.from
            ? [at(`/points/${index}/from`, 'is not after the one before')]
            : []),
          ...findUnmarked(source, `/points/${index}/source`)
        ]
      })
    : checked.problems
  if (!checked.ok || problems.length > 0) throw new AssayError('policy_invalid', file, { problems })
  return { series: checked.value, file }
}

function parseJson(bytes: Uint8Array, file: string): unknown {
  const text = Buffer.from(bytes).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AssayError('policy_invalid', `${file}: it cannot be read as JSON`, { cause })
  }
  const problems = findRepeatedMembers(text).map((field) => at(field, 'stands twice in its object'))
  if (problems.length > 0) throw new AssayError('policy_invalid', file, { problems })
  return value
}

/** A problem at a JSON pointer. */
export function at(field: string, problem: string): FieldProblem {
  return { field, problem }
}

function findContradictions({ rules, bindAlso }: RulePack): FieldProblem[] {
  const problems = rules.flatMap((rule, index) => {
    const path = `/rules/${index}`
    const { id, status, effectiveFrom, effectiveTo, source } = rule
    const found = findUnmarked(source, `${path}/source`)
    if (rules.findIndex((other) => other.id === id) !== index) found.push(at(`${path}/id`, `${id} stands twice`))
    if (effectiveFrom !== null && effectiveTo !== null && effectiveFrom > effectiveTo)
      found.push(at(`${path}/effectiveTo`, 'is before effectiveFrom'))
    if (status !== 'internal' && source.marks.length === 0)
      found.push(at(`${path}/source/marks`, 'only an internal rule needs no mark'))
    return rule.kind === 'rate_cap' ? [...found, ...findPathFaults(rule, `${path}/path`)] : found
  })
  bindAlso.forEach((id, index) => {
    const status = rules.find((rule) => rule.id === id)?.status
    if (status === undefined) problems.push(at(`/bindAlso/${index}`, `there is no rule ${id}`))
    else if (status !== 'draft' && status !== 'guidance')
      problems.push(at(`/bindAlso/${index}`, `${id} is ${status} and binds anyway`))
  })
  return problems
}

function findUnmarked({ marks, unverified }: Rule['source'], path: string): FieldProblem[] {
  return marks.includes('M') && !unverified ? [at(`${path}/unverified`, 'what is from memory (M) is unverified')] : []
}

/** A path covers the days of its rule, each once. */
function findPathFaults({ path, effectiveFrom, effectiveTo }: RateCapRule, pointer: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  const say = (index: number, field: string, problem: string) =>
    problems.push(at(`${pointer}/${index}${field}`, problem))
  path.forEach(({ from, to, ratio, lprMultiple }, index) => {
    if ((ratio === undefined) === (lprMultiple === undefined)) say(index, '', 'needs either ratio or lprMultiple')
    if (from !== null && to !== null && from > to) say(index, '/to', 'is before from')
    const before = path[index - 1]
    if (before === undefined) {
      if (from !== effectiveFrom) say(index, '/from', `must be effectiveFrom (${effectiveFrom}), or days lack a cap`)
      return
    }
    if (before.to === null || from === null) {
      say(index, '/from', 'overlaps the step before: it is open')
      return
    }
    const missing = dayOf(from) - dayOf(before.to) - 1
    if (missing > 0) say(index, '/from', `leaves a gap of ${missing} days after ${before.to}`)
    if (missing < 0) say(index, '/from', `overlaps the step before by ${-missing} days`)
  })
  const last = path.length - 1
  if (path[last]?.to !== effectiveTo) say(last, '/to', `must be effectiveTo (${effectiveTo}), or days lack a cap`)
  return problems
}

/** Days since 1970-01-01 of a date, in no zone. */
export function dayOf(date: string): number {
  return Date.parse(date) / DAY_MS
}
