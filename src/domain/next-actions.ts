/** Checks that a decision can ask for; with the evidence the application is decided again (domain reference 3.3). */
export const STEP_UPS = [
  'STEP_UP_LIVENESS',
  'STEP_UP_OTP',
  'STEP_UP_BANKCARD_4F',
  'STEP_UP_INCOME_PROOF',
  'STEP_UP_NON_STUDENT_PROOF',
  'PROVIDE_PURPOSE_PROOF'
] as const
export type StepUp = (typeof STEP_UPS)[number]
