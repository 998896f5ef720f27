import type { EventInput } from '../domain/event.ts'
import { byTime } from '../features/offline.ts'
import { type AccountDay, inDayOrder, type Movement } from './account-days.ts'
import { type Row, readTable, type Table } from './csv.ts'
import type { Imported } from './import-source.ts'
import { oneOf, readAmountMinor, readBalanceMinor, readId, readShortDay, wholeBetween } from './readings.ts'

const DAY_MS = 86_400_000

const ACCOUNTS: Table = { name: 'accounts', delimiter: ';', columns: ['account_id', 'date'], key: ['account_id'] }
const TRANSACTIONS: Table = {
  name: 'transactions',
  mayBePart: true,
  delimiter: ';',
  columns: ['trans_id', 'account_id', 'date', 'type', 'operation', 'amount', 'balance', 'k_symbol', 'bank'],
  key: ['trans_id']
}

/** Money comes (PRIJEM) or goes; VYBER as a type is an old word for cash that goes. */
const readSign = oneOf({ PRIJEM: 1, VYDAJ: -1, VYBER: -1 } as const)
const readSymbol = oneOf({
  DUCHOD: 'pension',
  SIPO: 'household',
  POJISTNE: 'insurance',
  UVER: 'loan_payment',
  UROK: 'interest',
  'SANKC. UROK': 'penalty_interest',
  SLUZBY: 'other'
} as const)
const readOperation = oneOf({
  VKLAD: 'cash',
  VYBER: 'cash',
  'VYBER KARTOU': 'card',
  'PREVOD Z UCTU': 'transfer',
  'PREVOD NA UCET': 'transfer'
} as const)

const readNumber = wholeBetween(1, 999_999_999)

interface Transaction extends Movement {
  readonly accountId: number
  readonly purpose: string
  readonly bank: string | undefined
}

/**
 * Reads accounts and their transactions of a Czech bank. Only days are known. An account opens at the first instant of its
 * day (UTC). The transactions of a day take its last milliseconds, so that nothing is seen before its day is over, in the
 * order in which each balance follows from the one before (see inDayOrder); the day’s last balance comes at its last
 * millisecond. An account is an applicant: its holders are not in these tables. Accounts that open after the last day of
 * the transactions are left out.
 */
export async function importBerka(folder: string): Promise<Imported> {
  let repeatedRows = 0
  const onRepeat = () => {
    repeatedRows++
  }
  const opened = new Map<number, number>()
  for await (const row of readTable(folder, ACCOUNTS, onRepeat))
    opened.set(row.read('account_id', readNumber), row.read('date', readShortDay))
  const transactions: Transaction[] = []
  let lastDayMs = 0
  for await (const row of readTable(folder, TRANSACTIONS, onRepeat)) {
    const transaction = toTransaction(row)
    const openedMs = opened.get(transaction.accountId)
    if (openedMs === undefined) throw row.refuse(`column account_id: ${transaction.accountId} is not in accounts`)
    if (transaction.dayMs < openedMs) throw row.refuse('column date: lies before the account was opened')
    lastDayMs = Math.max(lastDayMs, transaction.dayMs)
    transactions.push(transaction)
  }
  const inTime = [...opened].filter(([, dayMs]) => dayMs <= lastDayMs)
  const accounts = Map.groupBy(transactions, ({ accountId }) => accountId)
  const days = [...accounts.values()].flatMap((ofAccount) => inDayOrder(ofAccount))
  const events = [...inTime.map(([accountId, dayMs]) => toOpening(accountId, dayMs)), ...days.flatMap(toEvents)]
  return {
    events: events.sort(byTime),
    counts: {
      accounts: inTime.length,
      transactions: transactions.length,
      accountDays: days.length,
      daysOrderedById: days.filter(({ isChain }) => !isChain).length,
      accountsOpenedLater: opened.size - inTime.length,
      repeatedRows
    },
    timesTakenAs: 'days of UTC; transactions at the end of their day'
  }
}

function toTransaction(row: Row): Transaction {
  const symbol = row.readOptional('k_symbol', readSymbol)
  const operation = row.readOptional('operation', readOperation)
  return {
    id: row.read('trans_id', readNumber),
    accountId: row.read('account_id', readNumber),
    dayMs: row.read('date', readShortDay),
    amountMinor: row.read('type', readSign) * row.read('amount', readAmountMinor),
    balanceMinor: row.read('balance', readBalanceMinor),
    purpose: symbol ?? operation ?? 'other',
    bank: row.readOptional('bank', readId)
  }
}

function toOpening(accountId: number, dayMs: number): EventInput {
  const applicantId = `berka-${accountId}`
  const type = 'account.registered'
  return { eventId: `${applicantId}.${type}`, type, occurredAtMs: dayMs, applicantId, data: {} }
}

function toEvents({ dayMs, movements }: AccountDay<Transaction>): EventInput[] {
  const lastMs = dayMs + DAY_MS - 1
  const day = new Date(dayMs).toISOString().slice(0, 10)
  const event = (id: string, type: EventInput['type'], occurredAtMs: number, data: object): EventInput => ({
    eventId: `berka-${id}.${type}`,
    type,
    occurredAtMs,
    applicantId: `berka-${movements[0]?.accountId}`,
    data
  })
  const transactions = movements.map(({ id, amountMinor, purpose, bank }, index) =>
    event(String(id), 'account.transaction', lastMs - movements.length + index, {
      amountMinor,
      purpose,
      ...(bank !== undefined && { counterparty: bank })
    })
  )
  const last = movements.at(-1)
  const balance = { balanceMinor: last?.balanceMinor }
  return [...transactions, event(`${last?.accountId}.${day}`, 'account.balance', lastMs, balance)]
}
