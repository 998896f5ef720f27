import { DAY_MS, type FeatureDefinition } from './definition.ts'
import { eventFeature, ratioFeature } from './event-feature.ts'

const ORDERS = { events: ['order.paid'], windowMs: 180 * DAY_MS, legal: ['financial'] } as const

/** Shopping at scenario partners. */
export const ORDER_FEATURES: readonly FeatureDefinition[] = [
  eventFeature({
    ...ORDERS,
    name: 'applicant.orders_180d',
    aggregation: { of: 'count' },
    meaning: 'Orders paid within 180 days'
  }),
  eventFeature({
    ...ORDERS,
    name: 'applicant.merchants_180d',
    aggregation: { of: 'distinct', field: 'hash' },
    meaning: 'Shops of the orders within 180 days'
  }),
  eventFeature({
    ...ORDERS,
    name: 'applicant.refunds_180d',
    events: ['order.refunded'],
    aggregation: { of: 'count' },
    meaning: 'Orders refunded within 180 days'
  }),
  eventFeature({
    ...ORDERS,
    name: 'applicant.order_amount_mean_360d',
    aggregation: { of: 'mean', field: 'amountMinor' },
    windowMs: 360 * DAY_MS,
    meaning: 'Mean price of the orders within 360 days'
  }),
  ratioFeature({
    name: 'applicant.amount_to_order_mean_360d',
    of: 'application.amount_minor',
    to: 'applicant.order_amount_mean_360d',
    range: [0, 10_000_000_000],
    legal: ['financial'],
    meaning: 'Amount asked for by the mean price of the orders within 360 days'
  })
]
