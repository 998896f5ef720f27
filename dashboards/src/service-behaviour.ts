import type { Section } from './dashboard.ts'
import { timeSeries } from './panels.ts'
import { highest, perSecond } from './promql.ts'

/** Events on their way into features. */
export const behaviour: Section = {
  title: 'Is behaviour up to date?',
  panels: [
    timeSeries({
      title: 'Events per second by type',
      question: `Do producers tell us what happens?
A type that falls to nothing is usually a producer that stopped, not borrowers who did.`,
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [
        { expr: perSecond('credit_events_total', { by: ['type', 'outcome'] }), legend: '{{type}} · {{outcome}}' }
      ]
    }),
    timeSeries({
      title: 'Due entities waiting for the ingest worker',
      question: `Does the ingest worker keep up?
Decisions are right whatever the lag, because they read what is not folded yet; but a lag that only grows makes each read
longer and ends in refused events.`,
      unit: 'short',
      width: 12,
      queries: [{ expr: highest('credit_log_pending_entries'), legend: 'waiting' }]
    }),
    timeSeries({
      title: 'Due entities handled',
      question: `How fast does the ingest worker fold what has grown?
An entity is due after some forty events, so this is a small part of the decisions and events that came in.`,
      unit: 'cps',
      width: 12,
      queries: [{ expr: perSecond('credit_log_entries_total'), legend: 'entities' }]
    }),
    timeSeries({
      title: 'Compactions by outcome',
      question: `Are tails folded into profiles?
Some “overtaken” are normal: the entity changed meanwhile and is folded at the next chance. “unreadable” never is; “foreign” is after a
change of the catalogue, until docs/runbook.md was followed.`,
      whenNone: 'Nobody has so many events yet',
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('credit_profile_compactions_total', { by: ['outcome'] }), legend: '{{outcome}}' }]
    }),
    timeSeries({
      title: 'Inbox entries waiting',
      question: `Are events of producers that write to Redis taken in time?
It should fall back to zero within moments. What waits is not seen by decisions, and holds identifiers.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: highest('credit_inbox_pending_entries'), legend: 'waiting' }]
    }),
    timeSeries({
      title: 'Dead letters waiting for a person',
      question: `Which events could not be taken?
bin/assay deadletter list tells why; each is an event that does not count until it is corrected and sent again.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: highest('credit_deadletter_entries'), legend: 'letters' }]
    }),
    timeSeries({
      title: 'Events set aside by entity',
      question: `Do events come too late for crowded entities?
They are in the log but do not count there. A producer that sends old events again is the usual cause; a replay makes them count.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 8,
      stacked: true,
      queries: [{ expr: perSecond('credit_events_set_aside_total', { by: ['entity'] }), legend: '{{entity}}' }]
    })
  ]
}
