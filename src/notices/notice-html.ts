import type { Notice } from './notice.ts'
import { TEXTS } from './texts.ts'

/** A notice as a page to read or print. Pure. */
export function noticeHtml(notice: Notice): string {
  const { labels } = TEXTS[notice.language]
  const list = (items: readonly string[]) => `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`
  const contactOf = ({ phone, email }: Notice['complaints']) => `${phone}, ${email}`
  const sources = notice.sources.map(({ name, contact }) =>
    contact === undefined ? name : `${name}: ${contactOf(contact)}`
  )
  return [
    `<!doctype html><html lang="${notice.language}"><meta charset="utf-8"><title>${escapeHtml(notice.title)}</title>`,
    `<h1>${escapeHtml(notice.title)}</h1><p>${escapeHtml(notice.lender.name)}</p>`,
    `<p>${escapeHtml(notice.statement)}</p>`,
    `<p>${labels.date}: ${escapeHtml(notice.decidedAt)} (${escapeHtml(notice.decisionId)})</p>`,
    notice.score === undefined ? '' : `<p>${labels.score}: ${notice.score}</p>`,
    `<h2>${labels.reasons}</h2>${list(notice.reasons.map(({ text }) => text))}`,
    `<h2>${labels.sources}</h2>${list(sources)}`,
    `<h2>${labels.rights}</h2>${list(notice.rights.map(({ text, how }) => `${text} ${how}`))}`,
    `<h2>${labels.complaints}</h2><p>${escapeHtml(contactOf(notice.complaints))}</p></html>`
  ].join('\n')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string)
}
