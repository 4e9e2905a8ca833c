// A real browser for the console. It collects the errors of each page, and requests to other origins.
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

/** A tab with cookies of its own. `complaints` collects errors, which no page of the console may cause. */
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
  // The browser reports violations of the content security policy as errors too.
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin))
      complaints.push(`it requested ${request.url()}`)
  })
  return { page, context, complaints }
}

/** Signs in. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.goto('/console/sign-in')
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/console$/)
}

/** The violations that axe finds on a page, as `rule: element`. */
export async function findingsOf(page: Page): Promise<string[]> {
  // Evaluated from outside of the page, so its content security policy does not apply.
  await page.evaluate(AXE)
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ': ' + target.join(' ') + ' ' + failureSummary)))`,
  ) as Promise<string[]>
}

/** The elements that overflow a page horizontally. */
export function overflowOf(page: Page): Promise<string[]> {
  return page.evaluate(
    `document.documentElement.scrollWidth <= innerWidth ? [] :
      [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
        .map((one) => one.tagName + '.' + one.className).slice(0, 5)`,
  ) as Promise<string[]>
}
