// The console as its operator uses it: a real browser, the relay of `npm start`, simulated members.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { aProject, begin, command, freePort, type Running } from '../cli/project.ts'
import { findingsOf, launch, NO_BROWSER, openTab, overflowOf, signIn } from './browser.ts'

if (NO_BROWSER !== undefined) console.warn(`The browser tests are left out: ${NO_BROWSER}.`)

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

describe.skipIf(NO_BROWSER !== undefined)('the console', () => {
  const project = aProject()
  let relay: Running
  let origin: string
  let token: string
  let browser: Browser

  const send = (body: object) =>
    fetch(`${origin}/in/hype?key=${secretOf('HYPE_SECRET')}`, {
      method: 'POST',
      body: JSON.stringify(body),
    }).then((response) => response.json() as Promise<{ id: string }>)
  const secretOf = (name: string) => {
    const secrets = readFileSync(path.join(project.dir, '.dev.vars'), 'utf8')
    return new RegExp(`^${name}="(.+)"$`, 'm').exec(secrets)?.[1] ?? ''
  }
  const aPayment = (overrides: object = {}) => ({
    id: 'c-1',
    publisher_id: 'p-1',
    email: 'ana@example.com',
    type: 'payment.created',
    source: 'user',
    data: { tier: 'Gold', total: 10 },
    timestamp: 1_795_212_900,
    ...overrides,
  })

  /** The ids of the events that the target was sent, in their order. */
  const received: string[] = []
  const receiver = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']))
    response.writeHead(204).end()
  })
  const isReceived = (id: string, times: number) =>
    vi.waitFor(() => expect(received.filter((one) => one === id)).toHaveLength(times), 15_000)

  beforeAll(async () => {
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    receiver.listen(await freePort(), '127.0.0.1')
    await once(receiver, 'listening')
    const url = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/`
    const targets = `TARGETS:${JSON.stringify([{ name: 'crm', url }])}`
    const options = ['--persist-to', '.state', '--no-receiver', '--var', targets]
    relay = begin(project.dir, 'start', '--port', String(port), ...options)
    await relay.until(/Ctrl-C ends everything/)
    token = secretOf('ADMIN_TOKEN')
    browser = await launch()
    await send(aPayment())
    await send({ type: 'refund.created', id: 'c-9' })
    await command(project.dir, 'relay', 'simulate', '--journey', '--members', '2', '--url', origin)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    if (relay?.child.exitCode === null) {
      relay.child.kill('SIGINT')
      await once(relay.child, 'close')
    }
    receiver.closeAllConnections()
    receiver.close()
    project.remove()
  })

  async function anOperator(setting = {}) {
    const tab = await openTab(browser, origin, setting)
    await signIn(tab.page, token)
    return tab
  }

  it('lets in with the token, shows the page that was asked for, and lets out', async () => {
    const { page, complaints } = await openTab(browser, origin)
    await page.goto('/console/events?source=hype')
    await page.getByLabel('ADMIN_TOKEN').fill(token)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/console/events?source=hype')
    expect(await page.title()).toBe('Events · Membership Relay')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL('**/console/sign-in')
    await page.goto('/console')
    expect(page.url()).toContain('/console/sign-in?to=')
    expect(complaints).toEqual([])
  })

  it('answers a call: an event is found by the address, its story is read, and it is seen arriving again', async () => {
    const { id } = await send(aPayment({ id: 'c-call', email: 'bea@example.com' }))
    await isReceived(id, 1)
    const { page, complaints } = await anOperator()
    await page.goto('/console/events')
    await page.keyboard.press('/')
    await page.keyboard.type('bea@example.com')
    await page.keyboard.press('Enter')
    await page.waitForURL(/person=per_/)
    expect(page.url()).not.toContain('bea')

    await page.locator('tbody tr').first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/console/events/${id}`)
    expect(await page.getByRole('heading', { name: 'What came' }).isVisible()).toBe(true)
    expect(await page.getByText('"email": "bea@example.com"').count()).toBeGreaterThan(0)

    await page.getByRole('button', { name: 'Replay to all that had it' }).click()
    await page.getByText('It is sent again to crm.').waitFor()
    await isReceived(id, 2)
    await page.getByLabel('Attempts at crm').locator('tbody tr').nth(1).waitFor()
    await page.goBack()
    await page.goForward()
    await page.reload()
    expect(await page.title()).toContain(id)
    expect(complaints).toEqual([])
  })

  it('shows new events by themselves, until that is paused', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/events')
    const { id } = await send(aPayment({ id: 'c-live', email: 'live@example.com' }))
    await page.locator(`#${id}`).waitFor({ timeout: 10_000 })

    await page.getByRole('button', { name: 'Pause' }).click()
    await page.waitForURL(/paused=1/)
    const other = await send(aPayment({ id: 'c-later', email: 'later@example.com' }))
    await page.waitForTimeout(4000)
    expect(await page.locator(`#${other.id}`).count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('pauses a target and resumes it', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/targets')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('crm is paused.').waitFor()
    await page.goto('/console')
    await page.getByText('crm is paused').first().waitFor()
    await page.goto('/console/targets')
    await page.getByRole('button', { name: 'Resume, and release what is held' }).click()
    await page.getByText('crm is active.').waitFor()
    expect(complaints).toEqual([])
  })

  it('puts a quarantined group away with a reason', async () => {
    await send({ type: 'refund.created', id: 'c-9' })
    const { page, complaints } = await anOperator()
    await page.goto('/console/quarantine')
    await page.getByRole('button', { name: 'See which would be released' }).first().click()
    await page.getByText('would be released').waitFor()
    await page.goBack()
    await page.getByPlaceholder('reason').first().fill('a test of theirs')
    await page.getByRole('button', { name: 'Dismiss' }).first().click()
    await page.getByText('put away').waitFor()
    expect(complaints).toEqual([])
  })

  it('simulates a journey, without a script too', async () => {
    const { page } = await anOperator({ hasScript: false })
    await page.goto('/console/simulate')
    await page.getByLabel('Members').fill('1')
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByText(/messages sent to hapana/).waitFor()
    await page.getByRole('link', { name: /^evt_/ }).first().click()
    await page.waitForURL(/events\/evt_/)
  })

  const everyPage = async (page: Page) => {
    await page.goto('/console/events?type=payment.*&paused=1')
    const event = await page.locator('tbody tr a').first().getAttribute('href')
    const person = await page.locator('tbody tr a[href*="/people/"]').first().getAttribute('href')
    return [...PAGES, event ?? '', `${event}/renormalize`, person ?? '']
  }
  const SETTINGS = [
    { width: 1280, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
    { width: 390, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const

  it.each(SETTINGS)(
    'is accessible, complete and quiet on every page: $width wide, $colorScheme',
    async (setting) => {
      const { page, complaints } = await anOperator(setting)
      const found: string[] = []
      for (const where of await everyPage(page)) {
        await page.goto(where)
        const { SCREENSHOTS } = process.env
        const name = `${where.replaceAll(/\W+/g, '-')}-${setting.width}-${setting.colorScheme}.png`
        if (SCREENSHOTS)
          await page.screenshot({ path: path.join(SCREENSHOTS, name), fullPage: true })
        found.push(...(await findingsOf(page)).map((one) => `${where} ${one}`))
        found.push(...(await overflowOf(page)).map((one) => `${where} overflows: ${one}`))
      }
      expect(found).toEqual([])
      expect(complaints).toEqual([])
    },
    120_000,
  )

  it('transfers less than 200 kB on the first view', async () => {
    const { page } = await openTab(browser, origin)
    const transferred = () =>
      page.evaluate(
        `performance.getEntries().reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)`,
      ) as Promise<number>
    await page.goto('/console/sign-in', { waitUntil: 'networkidle' })
    const atTheDoor = await transferred()
    await signIn(page, token)
    await page.waitForLoadState('networkidle')
    const bytes = atTheDoor + (await transferred())

    expect(bytes).toBeGreaterThan(20_000)
    expect(bytes).toBeLessThan(200_000)
  })
})
