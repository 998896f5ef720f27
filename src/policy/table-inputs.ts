import {
  type Application,
  BANK_ACCOUNT_TYPES,
  EDUCATIONS,
  EMPLOYMENTS,
  PRODUCTS,
  PURPOSES,
  termDays
} from '../domain/application.ts'
import { type EvidenceSoFar, isGiven } from '../domain/evidence.ts'
import { CURRENCIES } from '../domain/money.ts'
import type { StepUp } from '../domain/next-actions.ts'
import type { TableStage } from './table-schema.ts'

/** What a table may be asked about one application. Without a score its parts are missing. */
export interface TableFacts {
  readonly application: Application
  /** Features in catalogue order. */
  readonly values: Float64Array
  /** NaN when not known. */
  readonly ageYears: number
  readonly exposureMinor: number
  readonly pd: number
  readonly points: number
  readonly band: string | undefined
  readonly fraudPd: number
  /** Nothing before the first evidence. */
  readonly evidence?: EvidenceSoFar | undefined
}

export type TableInput =
  | {
      readonly kind: 'number'
      /** Whether only whole numbers occur, so that nothing lies between two neighbours. */
      readonly isWhole: boolean
      /** The least and the most that occur. */
      readonly least: number
      readonly most: number
      readonly mayBeMissing: boolean
      readonly read: (facts: TableFacts) => number
    }
  | {
      readonly kind: 'choice'
      /** All values there are; null for an open list. */
      readonly choices: readonly string[] | null
      readonly mayBeMissing: boolean
      readonly read: (facts: TableFacts) => string | undefined
    }

type Reader<Result> = (facts: TableFacts) => Result

const amount = (read: Reader<number | undefined>, mayBeMissing: boolean): TableInput => ({
  kind: 'number',
  isWhole: true,
  least: 0,
  most: Number.POSITIVE_INFINITY,
  mayBeMissing,
  read: (facts) => read(facts) ?? Number.NaN
})
const probability = (read: Reader<number>, mayBeMissing: boolean): TableInput => ({
  kind: 'number',
  isWhole: false,
  least: 0,
  most: 1,
  mayBeMissing,
  read
})
const choice = (
  choices: readonly string[] | null,
  read: Reader<string | undefined>,
  mayBeMissing: boolean
): TableInput => ({ kind: 'choice', choices, mayBeMissing, read })

const EVIDENCE = ['NONE', 'GIVEN'] as const
const evidenceOf = (type: StepUp): TableInput =>
  choice(EVIDENCE, ({ evidence }) => (isGiven(evidence, type) ? 'GIVEN' : 'NONE'), false)

const OF_APPLICATION: Readonly<Record<string, TableInput>> = {
  amountMinor: amount(({ application }) => application.amountMinor, false),
  termDays: amount(({ application }) => termDays(application.term), false),
  monthlyIncomeMinor: amount(({ application }) => application.facts.monthlyIncomeMinor, true),
  monthlyObligationsMinor: amount(({ application }) => application.facts.monthlyObligationsMinor, true),
  ageYears: amount(({ ageYears }) => ageYears, true),
  exposureMinor: amount(({ exposureMinor }) => exposureMinor, false),
  product: choice(PRODUCTS, ({ application }) => application.product, false),
  purpose: choice(PURPOSES, ({ application }) => application.purpose, false),
  currency: choice(CURRENCIES, ({ application }) => application.currency, false),
  employment: choice(EMPLOYMENTS, ({ application }) => application.facts.employment, true),
  education: choice(EDUCATIONS, ({ application }) => application.facts.education, true),
  bankAccountType: choice(BANK_ACCOUNT_TYPES, ({ application }) => application.facts.bankAccountType, true),
  region: choice(null, ({ application }) => application.facts.region, true),
  'evidence.liveness': evidenceOf('STEP_UP_LIVENESS'),
  'evidence.otp': evidenceOf('STEP_UP_OTP'),
  'evidence.bankcard4f': evidenceOf('STEP_UP_BANKCARD_4F'),
  'evidence.incomeProof': evidenceOf('STEP_UP_INCOME_PROOF'),
  'evidence.nonStudentProof': evidenceOf('STEP_UP_NON_STUDENT_PROOF'),
  'evidence.purposeProof': evidenceOf('PROVIDE_PURPOSE_PROOF')
}

const ofScore = (bands: readonly string[]): Readonly<Record<string, TableInput>> => ({
  pd: probability(({ pd }) => pd, false),
  fraudPd: probability(({ fraudPd }) => fraudPd, true),
  points: {
    kind: 'number',
    isWhole: true,
    least: Number.NEGATIVE_INFINITY,
    most: Number.POSITIVE_INFINITY,
    mayBeMissing: false,
    read: ({ points }) => points
  },
  band: choice(bands, ({ band }) => band, false)
})

/** The inputs that tables of a stage may name. */
export function createInputs(
  featureNames: readonly string[],
  bands: readonly string[]
): (stage: TableStage, name: string) => TableInput | undefined {
  const columns = new Map(featureNames.map((name, column) => [name, column]))
  const score = ofScore(bands)
  return (stage, name) => {
    const column = columns.get(name)
    if (column !== undefined)
      return {
        kind: 'number',
        isWhole: false,
        least: Number.NEGATIVE_INFINITY,
        most: Number.POSITIVE_INFINITY,
        mayBeMissing: true,
        read: ({ values }) => values[column] as number
      }
    if (Object.hasOwn(OF_APPLICATION, name)) return OF_APPLICATION[name]
    return (stage === 'credit' || stage === 'limit') && Object.hasOwn(score, name) ? score[name] : undefined
  }
}
