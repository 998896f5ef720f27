/**
 * What a decision got wrong: `missed` counts less than was acknowledged or was lost itself, `doubled` counts more or was
 * decided twice, `different` is another value of what both count alike.
 */
export type FindingKind = 'missed' | 'doubled' | 'different'

export interface Finding {
  readonly kind: FindingKind
  readonly applicationId: string
  readonly what: string
  readonly expected: number | string
  readonly actual: number | string
}

const COUNTS = /^(applicant|device)\.(applications|applicants|logins|login_failures|repayments|loans|orders)_/

/** Compares the features of a decision with what they must be, exactly. */
export function compare(
  applicationId: string,
  expected: Readonly<Record<string, number>>,
  actual: ReadonlyMap<string, number>
): Finding[] {
  return Object.entries(expected).flatMap(([what, wanted]) => {
    const got = actual.get(what)
    if (got === undefined) throw new Error(`the catalogue has no feature ${what}`)
    if (Object.is(got, wanted)) return []
    const kind = !COUNTS.test(what) ? 'different' : got < wanted ? 'missed' : 'doubled'
    return [{ kind, applicationId, what, expected: wanted, actual: got } satisfies Finding]
  })
}

/** Decisions with a finding of each kind: one that misses an event may show it in several features. */
export function countFindings(findings: readonly Finding[]): Readonly<Record<FindingKind, number>> {
  const decisions = (kind: FindingKind) =>
    new Set(findings.filter((finding) => finding.kind === kind).map(({ applicationId }) => applicationId)).size
  return { missed: decisions('missed'), doubled: decisions('doubled'), different: decisions('different') }
}

export function describeFinding({ kind, applicationId, what, expected, actual }: Finding): string {
  return `${kind}: ${applicationId} ${what} is ${actual} instead of ${expected}`
}
