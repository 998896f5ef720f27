import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from './page.ts'

const TIMEOUT_MS = 60_000
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']

/** A PNG beside the page; undefined where no browser is at hand. */
export async function picture(html: string, { width, height }: Page): Promise<string | undefined> {
  const png = html.replace(/html$/, 'png')
  const profile = await mkdtemp(join(tmpdir(), 'assay-preview-'))
  try {
    for (const browser of BROWSERS) {
      const args = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--hide-scrollbars',
        `--user-data-dir=${profile}`,
        `--window-size=${width},${height}`,
        `--screenshot=${png}`,
        pathToFileURL(html).href
      ]
      try {
        await promisify(execFile)(browser, args, { timeout: TIMEOUT_MS })
        return png
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOENT') throw error
      }
    }
    return undefined
  } finally {
    await rm(profile, { recursive: true, force: true })
  }
}
