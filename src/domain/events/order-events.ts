import { Type } from 'typebox'
import { timeSchema } from '../event-time.ts'
import { idSchema } from '../ids.ts'
import { amountSchema } from '../money.ts'
import { categorySchema, codeOf, defineType, hashOf, memberOf, permilleSchema, strict } from './event-type.ts'

/** From 100 on: goods that are as good as cash. */
export const GOODS_CODES = {
  food: 1,
  household: 2,
  clothing: 3,
  travel: 4,
  services: 5,
  education: 6,
  health: 7,
  other: 8,
  electronics: 100,
  phones: 101,
  jewellery: 102,
  gold: 103,
  gift_cards: 104
} as const

const Order = {
  orderId: idSchema('The partner’s id of the order'),
  merchant: categorySchema('Code of the shop'),
  goods: Type.Optional(memberOf(GOODS_CODES))
}

/** Shopping at scenario partners. */
export const ORDER_EVENTS = {
  'order.paid': defineType({
    code: 24,
    data: Type.Object(
      {
        ...Order,
        amountMinor: amountSchema('Price'),
        creditPermille: Type.Optional(permilleSchema('Part of the price that is on credit'))
      },
      strict
    ),
    fields: ({ merchant, goods, amountMinor, creditPermille }) => ({
      amountMinor,
      code: codeOf(GOODS_CODES, goods),
      hash: hashOf(merchant),
      permille: creditPermille
    })
  }),
  'order.refunded': defineType({
    code: 25,
    data: Type.Object(
      {
        ...Order,
        amountMinor: amountSchema('Given back'),
        paidAtMs: Type.Optional(timeSchema('When the order was paid'))
      },
      strict
    ),
    fields: ({ merchant, goods, amountMinor, paidAtMs }, occurredAtMs) => ({
      amountMinor,
      durationMs: paidAtMs === undefined ? undefined : occurredAtMs - paidAtMs,
      code: codeOf(GOODS_CODES, goods),
      hash: hashOf(merchant)
    })
  })
} as const
