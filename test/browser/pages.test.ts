// Every page of the console in a browser, light and dark, wide and narrow: accessible, complete, small and free of errors.
import path from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { findingsOf, overflowOf, signIn } from './browser.ts'
import { IS_LEFT_OUT } from './chromium.ts'
import { aRelay } from './relay.ts'

const PAGES = [
  '/console',
  '/console/events?paused=1',
  '/console/deliveries',
  '/console/targets',
  '/console/replays',
  '/console/quarantine',
  '/console/people',
  '/console/simulate',
  '/console/set-up',
]

const press = async (page: Page, where: string, name: string) => {
  await page.goto(where)
  await page.getByRole('button', { name, exact: true }).first().click()
  await page.waitForLoadState()
}

/** Pages that only a form opens. */
const RESULTS: Record<string, (page: Page) => Promise<void>> = {
  tested: (page) => press(page, '/console/targets', 'Send test event'),
  'replay previewed': (page) => press(page, '/console/replays?target=crm', 'Preview'),
  'empty replay previewed': (page) => press(page, '/console/replays?type=payment.none', 'Preview'),
  'replay started': async (page) => {
    await press(page, '/console/replays?target=crm&type=relay.test&state=delivered', 'Preview')
    await page.getByRole('button', { name: /^Replay \d/ }).click()
    await page.waitForURL(/rpl_/)
  },
  'release previewed': (page) => press(page, '/console/quarantine', 'Preview release'),
  'journey sent': (page) => press(page, '/console/simulate', 'Start'),
  'no person found': async (page) => {
    await page.goto('/console/people')
    await page.getByLabel('Find').fill('nobody@example.com')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
  },
}

/** Error pages. Browsers report their status as an error. */
const ERRORS = ['/console/nowhere', '/console/events?since=x', '/console/events/evt_00000000000']

const SETTINGS = [
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const

describe.skipIf(IS_LEFT_OUT)('every page', () => {
  const { token, aTab, anOperator } = aRelay()

  const allPages = async (page: Page) => {
    const linkOn = async (where: string, pattern: string) => {
      await page.goto(where)
      return (await page.locator(`main a[href*="${pattern}"]`).first().getAttribute('href')) ?? ''
    }
    const event = await linkOn('/console/events?type=payment.*&paused=1', '/events/evt_')
    const person = await linkOn('/console/events?type=payment.*&paused=1', '/people/per_')
    const quarantined = await linkOn('/console/quarantine', '/events/evt_')
    return [
      ...PAGES,
      '/console/events?source=hype&q=nobody&paused=1',
      event,
      `${event}/renormalize`,
      quarantined,
      person,
      `${person}?personal=show`,
      `/console/people?found=${person.split('/').at(-1)}&more=yes`,
    ]
  }

  it.each(SETTINGS)(
    'is accessible, complete and free of errors: $width wide, $colorScheme',
    async (setting) => {
      const { page, complaints } = await anOperator(setting)
      const found: string[] = []
      const check = async (name: string) => {
        // Collapsed details are checked too.
        await page.evaluate(
          `document.querySelectorAll('details').forEach((one) => { one.open = true })`,
        )
        const { SCREENSHOTS } = process.env
        const file = `${name.replaceAll(/\W+/g, '-')}-${setting.width}-${setting.colorScheme}.png`
        if (SCREENSHOTS)
          await page.screenshot({ path: path.join(SCREENSHOTS, file), fullPage: true })
        found.push(...(await findingsOf(page)).map((one) => `${name} ${one}`))
        found.push(...(await overflowOf(page)).map((one) => `${name} overflows: ${one}`))
      }
      for (const where of await allPages(page)) {
        await page.goto(where)
        await check(where)
      }
      for (const [name, go] of Object.entries(RESULTS)) {
        await go(page)
        await check(name)
      }
      const unexpected = [...complaints]
      for (const where of ERRORS) {
        await page.goto(where)
        await check(where)
      }
      await page.context().clearCookies()
      await page.goto('/console/sign-in')
      await check('sign-in')

      expect(found).toEqual([])
      expect(unexpected).toEqual([])
    },
    180_000,
  )

  it('transfers less than 200 kB on the first view', async () => {
    const { page } = await aTab()
    const transferred = () =>
      page.evaluate(
        `performance.getEntries().reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)`,
      ) as Promise<number>
    await page.goto('/console/sign-in', { waitUntil: 'networkidle' })
    const signInBytes = await transferred()
    await signIn(page, token())
    await page.waitForLoadState('networkidle')
    const bytes = signInBytes + (await transferred())

    expect(bytes).toBeGreaterThan(20_000)
    expect(bytes).toBeLessThan(200_000)
  })
})
