// A real browser in front of the console, which keeps a list of everything that it should not have had to complain of.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROMIUM } from './chromium.ts'

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') })
}

export type Setting = { width?: number; colorScheme?: 'light' | 'dark'; hasScript?: boolean }

/** A tab of its own, with cookies of its own. `complaints` is what a console's page must never cause. */
export async function openTab(
  browser: Browser,
  origin: string,
  { width = 1280, colorScheme = 'light', hasScript = true }: Setting = {},
) {
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width, height: 900 },
    colorScheme,
    javaScriptEnabled: hasScript,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  // What the policy refuses is said on the console too, as an error.
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin))
      complaints.push(`it asked for ${request.url()}`)
  })
  return { page, context, complaints }
}

/** Signs in. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.goto('/console/sign-in')
  await page.getByLabel('Admin token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/console$/)
}

/** What axe finds wrong with a page, as `rule: element`. */
export async function findingsOf(page: Page): Promise<string[]> {
  // From outside the page, where its policy for scripts does not reach.
  await page.evaluate(AXE)
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ': ' + target.join(' ') + ' ' + failureSummary)))`,
  ) as Promise<string[]>
}

/** What sticks out of a page at its sides. */
export function overflowOf(page: Page): Promise<string[]> {
  return page.evaluate(
    `document.documentElement.scrollWidth <= innerWidth ? [] :
      [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
        .map((one) => one.tagName + '.' + one.className).slice(0, 5)`,
  ) as Promise<string[]>
}
