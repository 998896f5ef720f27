export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

/** The fixed sentences of a notice. A sentence that changes what a borrower may do is a matter for a lawyer. */
export const TEXTS = {
  zh: {
    title: '信贷决定通知',
    outcomes: {
      DECLINE: '您的申请未获批准。',
      REFER: '您的申请需人工审核，尚未批准。',
      APPROVE: '您的申请已部分批准：未按您申请的期限批准全部金额。'
    },
    labels: {
      date: '决定日期',
      reasons: '主要原因',
      sources: '所使用的数据来源',
      rights: '您的权利',
      complaints: '投诉渠道',
      score: '评分'
    },
    sources: ['您在申请中提供的信息', '您与我们及合作方往来的记录（申请、还款、设备）'],
    rights: {
      explanation: '您有权要求对该决定作出说明。',
      humanReview: '您有权拒绝仅由自动化方式作出的决定，并要求人工审核。',
      humanDone: '该决定由人工作出。',
      correction: '您有权查阅并要求更正不准确的个人信息。'
    },
    how: '请通过以下方式联系我们：'
  },
  en: {
    title: 'Notice of credit decision',
    outcomes: {
      DECLINE: 'Your application was not approved.',
      REFER: 'Your application was not approved yet: a person has to look at it.',
      APPROVE: 'Your application was approved in part: not the whole amount over the term you asked for.'
    },
    labels: {
      date: 'Date of the decision',
      reasons: 'Principal reasons',
      sources: 'Sources of the data that was used',
      rights: 'Your rights',
      complaints: 'Complaints',
      score: 'Score'
    },
    sources: [
      'What you told us in the application',
      'Records of your dealings with us and our partners: applications, repayments, devices'
    ],
    rights: {
      explanation: 'You may ask for an explanation of this decision.',
      humanReview: 'You may refuse a decision made by automated means alone, and ask for a person to review it.',
      humanDone: 'A person made this decision.',
      correction: 'You may see the personal data we hold and have what is inaccurate corrected.'
    },
    how: 'Contact us:'
  }
} as const satisfies Record<Language, unknown>
