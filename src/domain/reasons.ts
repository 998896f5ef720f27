interface ReasonText {
  readonly zh: string
  readonly en: string
}

/**
 * Every reason a decision can give (domain reference 3.4): R1 credit factors, R2 statutory and policy, R3 price and
 * affordability, R4 identity, R5 fraud (the text stays general), R9 and SYS operational. Codes are a contract: texts may
 * improve, a code never changes its meaning.
 */
export const REASONS = {
  R101: { zh: '以往还款有逾期', en: 'Earlier repayments were late' },
  R102: { zh: '以往借款结清较晚', en: 'An earlier loan was closed late' },
  R110: { zh: '额度使用率较高', en: 'A large part of the credit limit is used' },
  R111: { zh: '账单还款金额较少', en: 'Payments towards bills were small' },
  R120: { zh: '近期申请次数较多', en: 'Several recent applications' },
  R130: { zh: '借款历史较短', en: 'Short history of earlier loans' },
  R131: { zh: '没有借款历史', en: 'No history of earlier loans' },
  R132: { zh: '申请金额或期限高于以往借款', en: 'Amount or term asked for is high compared with earlier loans' },
  R133: { zh: '以往账单金额较小，用信经验有限', en: 'Little experience with larger bills' },
  R140: { zh: '每月负债相对收入较高', en: 'Monthly obligations are high compared with income' },
  R201: { zh: '未达到法定年龄', en: 'Below the minimum age' },
  R202: { zh: '在校学生不适用该产品', en: 'The product is not offered to students' },
  R203: { zh: '借款用途不被允许', en: 'The purpose is not permitted' },
  R204: { zh: '该地区、币种或期限不在产品范围内', en: 'Region, currency or term is outside what the product offers' },
  R205: { zh: '出资合作方不在名单内', en: 'A funding partner is not on the list of the day' },
  R210: { zh: '借款余额将超过法定上限', en: 'The balance owed would exceed what the law allows a borrower' },
  R211: { zh: '借款余额将超过年收入的三分之一', en: 'The balance owed would exceed a third of the yearly income' },
  R212: { zh: '对同一借款人的贷款将超过集中度上限', en: 'The lender may not lend more to one borrower or group' },
  R220: { zh: '缺少必要的授权', en: 'A required consent is missing' },
  R301: { zh: '还款额超出承受能力', en: 'Instalments exceed what the income can bear' },
  R302: { zh: '申请金额高于可批额度', en: 'Amount asked for is above the limit that can be granted' },
  R303: { zh: '现有借款和报价已占用可用额度', en: 'Existing loans and offers leave no room in the limit' },
  R304: { zh: '账户额度已被下调或冻结', en: 'The limit of the account is reduced or frozen' },
  R310: { zh: '在该风险水平下没有合规价格', en: 'No compliant price exists at this risk' },
  R320: { zh: '金额不在产品范围内', en: 'Amount is outside what the product offers' },
  R401: { zh: '年龄未提供，需人工核实', en: 'Age is not known and must be checked by a person' },
  R404: { zh: '需要提供借款用途证明', en: 'The purpose of the loan must be shown' },
  R405: { zh: '需要提供非在校学生证明', en: 'Proof is needed that the applicant is not a student' },
  R501: { zh: '无法核实所提供的信息', en: 'The information could not be verified' },
  R502: { zh: '无法核实所提供的信息', en: 'The information could not be verified' },
  R503: { zh: '无法核实所提供的信息', en: 'The information could not be verified' },
  R902: { zh: '可用资金已达上限', en: 'The funds for this product are used up for now' },
  R903: {
    zh: '该产品尚无经验证的模型，需人工审核',
    en: 'No validated model covers this product; a person will review'
  },
  SYS_MODEL_OUTPUT_INVALID: {
    zh: '系统暂时无法评估，需人工审核',
    en: 'The assessment was not usable; a person will review'
  },
  SYS_INPUT_OUT_OF_RANGE: {
    zh: '数据超出可评估范围，需人工审核',
    en: 'Data outside the assessable range; a person will review'
  },
  SYS_INFERENCE_TIMEOUT: {
    zh: '系统暂时无法评估，需人工审核',
    en: 'The assessment took too long; a person will review'
  },
  SYS_INFERENCE_UNAVAILABLE: {
    zh: '系统暂时无法评估，需人工审核',
    en: 'The assessment was unavailable; a person will review'
  },
  SYS_FEATURES_UNREADABLE: {
    zh: '系统暂时无法评估，需人工审核',
    en: 'Stored behaviour was not readable; a person will review'
  },
  SYS_HISTORY_TRUNCATED: {
    zh: '部分历史记录缺失，需人工审核',
    en: 'A part of the history is missing; a person will review'
  },
  SYS_EXPOSURE_UNKNOWN: {
    zh: '现有借款总额无法确认，需人工审核',
    en: 'What is owed already could not be established; a person will review'
  },
  SYS_EXPOSURE_CONTENDED: {
    zh: '同时有多笔申请，需人工审核',
    en: 'Several applications at the same time; a person will review'
  },
  SYS_OVERLOAD: { zh: '系统繁忙，需人工审核', en: 'Too many requests at once; a person will review' }
} as const satisfies Record<string, ReasonText>

export type ReasonCode = keyof typeof REASONS
export const REASON_CODES = Object.keys(REASONS) as ReasonCode[]

/** More reasons than four help nobody (Regulation B, commentary to 1002.9(b)(2)). */
export const MAX_REASONS = 4

export interface Reason {
  readonly code: ReasonCode
  readonly rank: number
  readonly text: ReasonText
}

/** Distinct codes in order of importance become ranked reasons, at most four. */
export function rankReasons(codes: readonly ReasonCode[]): Reason[] {
  return [...new Set(codes)]
    .slice(0, MAX_REASONS)
    .map((code, index) => ({ code, rank: index + 1, text: REASONS[code] }))
}
