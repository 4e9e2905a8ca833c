// The console as its operator uses it: a real browser, the relay of `npm start`, simulated members.
import { describe, expect, it } from 'vitest'
import { type EventId, keyOfId } from '../../src/core/id.ts'
import { IS_LEFT_OUT } from './chromium.ts'
import { aPayment, aRelay } from './relay.ts'

describe.skipIf(IS_LEFT_OUT)('the console', () => {
  const { send, received, token, isReceived, tamper, aTab, anOperator, aViewer } = aRelay()

  it('signs in with the token, shows the requested page, and signs out', async () => {
    const { page, complaints } = await aTab()
    await page.goto('/console/events?source=hype')
    await page.getByLabel('Token').fill(token())
    await page.keyboard.press('Enter')
    await page.waitForURL('**/console/events?source=hype')
    expect(await page.title()).toBe('Events · Membership Relay')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL('**/console/sign-in')
    await page.goto('/console')
    expect(page.url()).toContain('/console/sign-in?to=')
    expect(complaints).toEqual([])
  })

  it('shows a viewer everything but what changes something', async () => {
    const { id } = await send(aPayment({ id: 'c-seen', email: 'eva@example.com' }))
    const operator = await anOperator()
    const viewer = await aViewer()
    const changes = async ({ page }: typeof viewer) => {
      const shown = await page.locator('[data-change]:visible').count()
      return { shown, all: await page.locator('[data-change]').count() }
    }
    for (const path of [`events/${id}`, 'targets', 'quarantine', 'simulate', 'replays']) {
      for (const { page } of [operator, viewer]) await page.goto(`/console/${path}`)
      const { shown, all } = await changes(operator)
      expect({ path, shown }).toEqual({ path, shown: all })
      expect(await changes(viewer)).toEqual({ shown: 0, all })
    }
    expect(await viewer.page.getByText('VIEWER_TOKEN, read only').isVisible()).toBe(true)
    await viewer.page.goto('/console/events')
    await viewer.page.getByLabel('Find by').fill('eva@example.com')
    await viewer.page.keyboard.press('Enter')
    await viewer.page.waitForURL(/person=per_/)
    expect([...operator.complaints, ...viewer.complaints]).toEqual([])
  })

  it('finds an event by an e-mail address, shows its details, and sends it again', async () => {
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
    expect(await page.getByRole('heading', { name: 'Received payload' }).isVisible()).toBe(true)
    expect(await page.getByText('"email": "bea@example.com"').count()).toBeGreaterThan(0)

    await page.getByRole('button', { name: 'Resend to its target' }).click()
    await page.getByText('Resent to crm.').waitFor()
    await isReceived(id, 2)
    await page.getByLabel('Attempts to crm').locator('tbody tr').nth(1).waitFor()
    await page.reload()
    await page.getByText('Request and response').nth(1).click()
    const request = page.locator('pre', { hasText: 'relay-attempt: 2' })
    expect(await request.textContent()).toMatch(
      /content-digest: sha-256=:.{44}:[\s\S]*relay-replay: true/,
    )
    expect(complaints).toEqual([])
  })

  it('moves through a list by keys', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/events?type=*&paused=1')
    const ids = await page.locator('tbody tr').evaluateAll((rows) => rows.map(({ id }) => id))
    const focused = () => page.evaluate('document.activeElement.closest("tr")?.id')

    expect(ids.length).toBeGreaterThan(3)
    for (const [key, at] of Object.entries({ j: 0, jj: 1, jjj: 2, jjjk: 1 })) {
      await page.keyboard.press(key.slice(-1))
      expect(await focused()).toBe(ids[at])
    }
    await page.keyboard.press('/')
    await page.keyboard.type('jk')
    expect(await page.locator('[data-search]').inputValue()).toBe('jk')
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    expect(await focused()).toBe(ids[0])
    expect(complaints).toEqual([])
  })

  it('shows the same list at a shared URL, after a reload, and after going back', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/events')
    await page.getByText('Filter', { exact: true }).first().click()
    await page.getByLabel('Source').selectOption('hapana')
    await page.getByLabel('Type').fill('membership.*')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.waitForURL(/source=hapana&type=membership/)
    const rowsOf = (one: typeof page) =>
      one.locator('tbody tr').evaluateAll((all) => all.map(({ id }) => id))
    const rows = await rowsOf(page)
    expect(rows.length).toBeGreaterThan(1)

    await page.reload()
    expect(await rowsOf(page)).toEqual(rows)
    await page.locator('tbody a').first().click()
    await page.waitForURL(`**/events/${rows[0]}`)
    await page.goBack()
    expect(await rowsOf(page)).toEqual(rows)
    await page.goForward()
    expect(await page.title()).toContain(rows[0])

    const other = await aTab()
    await page.goBack()
    await other.page.goto(page.url())
    await other.page.getByLabel('Token').fill(token())
    await other.page.keyboard.press('Enter')
    await other.page.waitForURL(page.url())
    expect(await rowsOf(other.page)).toEqual(rows)
    expect(await other.page.getByLabel('Source').inputValue()).toBe('hapana')
    expect([...complaints, ...other.complaints]).toEqual([])
  })

  it('shows new events live, stops when paused, and continues', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/events')
    const { id } = await send(aPayment({ id: 'c-live', email: 'live@example.com' }))
    await page.locator(`#${id}`).waitFor({ timeout: 10_000 })

    await page.getByRole('button', { name: 'Pause' }).click()
    await page.waitForURL(/paused=1/)
    const other = await send(aPayment({ id: 'c-later', email: 'later@example.com' }))
    await page.waitForTimeout(4000)
    expect(await page.locator(`#${other.id}`).count()).toBe(0)
    await page.getByRole('button', { name: 'Go live' }).click()
    await page.locator(`#${other.id}`).waitFor()
    expect(complaints).toEqual([])
  })

  it('pauses a target, holds its deliveries, and sends them when it is resumed', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/targets')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('crm is paused.').waitFor()
    const { id } = await send(aPayment({ id: 'c-held', email: 'held@example.com' }))
    await page.goto('/console')
    await page.getByText('crm is paused').first().waitFor()
    await page.goto(`/console/events/${id}`)
    await page.getByText('On hold: crm is paused. Sent when it is resumed.').waitFor()
    expect(received).not.toContain(id)

    await page.goto('/console/targets')
    await page.getByRole('button', { name: /^Resume/ }).click()
    await page.getByText('crm is active. Held deliveries are sent within a minute.').waitFor()
    await isReceived(id, 1, 80_000)
    expect(complaints).toEqual([])
  }, 150_000)

  it('replays the deliveries of a filter after a preview, and shows the progress', async () => {
    const ids: string[] = []
    for (let i = 0; i < 4; i++) {
      const data = { tier: 'Gold', total: 10 + i }
      const { id } = await send(aPayment({ id: 'c-many', email: 'many@example.com', data }))
      ids.push(id)
    }
    for (const id of ids) await isReceived(id, 1)
    const { page, complaints } = await anOperator()
    await page.goto('/console/replays')
    await page.getByLabel('Target').selectOption('crm')
    await page.getByLabel('Person or e-mail').fill('c-many')
    await page.getByLabel('Per second').fill('1')
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByText('4 deliveries of 1 person would be replayed.').waitFor()
    expect(received.filter((one) => ids.includes(one))).toHaveLength(4)

    await page.getByRole('button', { name: 'Replay 4 deliveries' }).click()
    await page.waitForURL(/replays\/rpl_/)
    const bar = page.getByLabel('Deliveries queued')
    expect(await bar.getAttribute('max')).toBe('4')
    await page.locator('progress[value="4"]').waitFor({ timeout: 90_000 })
    for (const id of ids) await isReceived(id, 2)
    expect(complaints).toEqual([])
  }, 150_000)

  it('releases a quarantined group once the mapping understands it', async () => {
    const sent = [await send(aPayment({ id: 'c-q1' })), await send(aPayment({ id: 'c-q2' }))]
    for (const { id } of sent) await isReceived(id, 1)
    const keys = sent.map(({ id }) => keyOfId(id as EventId)).join(', ')
    // As if an earlier mapping had not understood them.
    tamper(`
      DELETE FROM deliveries WHERE event IN (${keys});
      UPDATE events SET status = 'quarantined', event = NULL, planned = 0,
        issues = '[{"path":"type","message":"was not known"}]' WHERE key IN (${keys})`)
    const { page, complaints } = await anOperator()
    await page.goto('/console/quarantine')
    const group = page.locator('article', { hasText: 'Unknown event type "payment.created"' })
    expect(await group.textContent()).toContain('2 messages')
    await group.getByRole('button', { name: 'Preview release' }).click()
    await page.getByText('2 messages would be released (2 deliveries)').waitFor()
    await page.getByRole('button', { name: 'Release' }).click()
    await page.getByText('2 messages released').waitFor()
    for (const { id } of sent) await isReceived(id, 2)
    await page.getByRole('link', { name: 'Back to the quarantine' }).click()
    expect(await group.count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('dismisses a quarantined group with a reason', async () => {
    await send({ type: 'refund.created', id: 'c-9' })
    const { page, complaints } = await anOperator()
    await page.goto('/console/quarantine')
    await page.getByRole('button', { name: 'Preview release' }).first().click()
    await page.getByText('would be released').waitFor()
    await page.goBack()
    await page.getByPlaceholder('reason').first().fill('a test of theirs')
    await page.getByRole('button', { name: 'Dismiss' }).first().click()
    await page.getByText('dismissed; they stay in the log').waitFor()
    expect(complaints).toEqual([])
  })

  it('simulates an event, and shows its delivery', async () => {
    const { page, complaints } = await anOperator()
    await page.goto('/console/simulate')
    const form = page.locator('form', { has: page.locator('[type=hidden][value=hype]') })
    await form.locator('select').selectOption('payment.created')
    await form.getByRole('button', { name: 'Send' }).click()
    await page.waitForURL(/events\/evt_/)
    await page.locator('#deliveries', { hasText: 'crm delivered' }).waitFor()
    await isReceived(page.url().split('/').at(-1) ?? '', 1)
    expect(complaints).toEqual([])
  })

  it.each([
    ['with a script', true],
    ['without one', false],
  ])('simulates a journey, %s', async (_, hasScript) => {
    const { page, complaints } = await anOperator({ hasScript })
    await page.goto('/console/simulate')
    await page.getByLabel('Members').fill('1')
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByText(/messages sent to hapana/).waitFor()
    const link = page.getByRole('link', { name: /^evt_/ }).first()
    const id = (await link.textContent())?.trim() ?? ''
    await link.click()
    await page.waitForURL(/events\/evt_/)
    await isReceived(id, 1)
    expect(complaints).toEqual([])
  })
})
