/** Who there is. Honest: the first four; the others are frauds, each of another kind. */
export const HONEST_PERSONAS = ['honest', 'careless', 'family', 'cafe'] as const
export const FRAUD_PERSONAS = ['burst', 'device-farm', 'stolen-identity', 'stacking'] as const
export const PERSONAS = [...HONEST_PERSONAS, ...FRAUD_PERSONAS] as const
export type PersonaName = (typeof PERSONAS)[number]

/**
 * What is assumed about everybody; what one persona does stands in its own file. None of it is measured: no labelled
 * stream of logins or devices is public. README.md tells what each is for.
 */
export interface Assumptions {
  /** Part of the applicants that each persona brings. */
  readonly mix: Readonly<Record<PersonaName, number>>
  /** Part of the frauds that take pains to look honest. */
  readonly carefulShare: number
  /** Part of the people whose front-end sends applications and no other event. */
  readonly silentShare: number
  /** Part of the people whose front-end tells neither device nor address. */
  readonly deviceHiddenShare: number
  /** Part of the sessions in which nobody watched how the form was filled in. */
  readonly formUnwatchedShare: number
  /** Addresses that mobile carriers share among all their customers: the fewer, the more strangers share one. */
  readonly carrierAddresses: number
  /** Multiplies how often honest people mistype, travel and change phones. */
  readonly mishaps: number
  /** Most people that one café or agent serves. */
  readonly cafeMaxPeople: number
  /** Label noise: frauds that nobody ever finds, and honest people who are taken for frauds. */
  readonly missedFraudShare: number
  readonly falseAlarmShare: number
  /** Mean time until a fraud becomes known, after three days at least. */
  readonly labelDelayDays: number
}

export const SCENARIOS = {
  /** What the model learns from. */
  training: {
    mix: {
      honest: 0.67,
      careless: 0.12,
      family: 0.1,
      cafe: 0.08,
      burst: 0.009,
      'device-farm': 0.008,
      'stolen-identity': 0.01,
      stacking: 0.0015
    },
    carefulShare: 0.3,
    silentShare: 0.08,
    deviceHiddenShare: 0.05,
    formUnwatchedShare: 0.25,
    carrierAddresses: 400,
    mishaps: 1,
    cafeMaxPeople: 24,
    missedFraudShare: 0.1,
    falseAlarmShare: 0.004,
    labelDelayDays: 14
  },
  /** Another world, to see what is left of the model there: fewer and more careful frauds, clumsier honest people. */
  shifted: {
    mix: {
      honest: 0.52,
      careless: 0.2,
      family: 0.13,
      cafe: 0.13,
      burst: 0.003,
      'device-farm': 0.006,
      'stolen-identity': 0.009,
      stacking: 0.001
    },
    carefulShare: 0.5,
    silentShare: 0.2,
    deviceHiddenShare: 0.1,
    formUnwatchedShare: 0.4,
    carrierAddresses: 150,
    mishaps: 1.5,
    cafeMaxPeople: 40,
    missedFraudShare: 0.2,
    falseAlarmShare: 0.006,
    labelDelayDays: 25
  }
} as const satisfies Record<string, Assumptions>
export type ScenarioName = keyof typeof SCENARIOS
