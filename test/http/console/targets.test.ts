// Deliveries, targets and replays by filter in the console.
import { env } from 'cloudflare:test'
import { beforeEach, describe, expect, it } from 'vitest'
import { updateKnownTargets } from '../../../src/stages/deliveries/known-targets.ts'
import { rollUp } from '../../../src/stages/ledger/rollup.ts'
import { takeSnapshot } from '../../../src/stages/ledger/snapshot.ts'
import { aConfig, aPayment, aQueue, NOW, stored, toolsAt } from '../../builders.ts'
import { actsOf, anOperator, emptyLog } from './visitor.ts'

const config = aConfig({ name: 'crm' }, { name: 'finance', events: ['payment.*'] })

beforeEach(emptyLog)

const recordedActs = async () => (await actsOf()).map(({ act, on }) => `${act}: ${on}`)
const setDeliveries = (values: string) => env.DB.prepare(`UPDATE deliveries SET ${values}`).run()

describe('deliveries', () => {
  it('are listed by target and state, with the last response and the next attempt', async () => {
    const id = await stored(config, 'hype', aPayment())
    await env.DB.prepare(
      "UPDATE deliveries SET state = 'retrying', attempt = 2, due = ?1, attempts = ?2 WHERE target = 'crm'",
    )
      .bind(
        NOW + 300_000,
        JSON.stringify([
          { attempt: 1, at: '2026-11-21T00:00:00Z', ms: 5, status: 503, error: 'status' },
        ]),
      )
      .run()
    const operator = await anOperator({ config })
    const { text } = await operator.open('/console/deliveries?target=crm&state=retrying')

    expect(text).toContain(
      `${id} payment.created crm retrying 1 503 2026-11-21 00:00:00 2026-11-21 00:05:00`,
    )
    expect((await operator.open('/console/deliveries?state=dead')).text).toContain(
      'No delivery matches.',
    )
    expect((await operator.open('/console/deliveries?state=lost')).status).toBe(400)
  })
})

describe('the search for deliveries', () => {
  it('by an e-mail address does not put the address in a URL', async () => {
    const id = await stored(config, 'hype', aPayment({ email: 'bea@example.com' }))
    await stored(config, 'hype', aPayment({ email: 'other@example.com' }))
    const operator = await anOperator({ config })
    const page = await operator.send('/console/find', {
      who: 'bea@example.com',
      from: '/console/deliveries',
    })

    expect(page.url).toMatch(/^\/console\/deliveries\?person=per_\w{11}$/)
    expect(page.text.match(/evt_\w{11}/g)).toEqual([id, id])
    expect((await operator.open('/console/deliveries')).html).toContain(
      'name="from" value="/console/deliveries"',
    )
  })
})

describe('a target', () => {
  it('is paused and resumed, and the log has the acts and their operator', async () => {
    const operator = await anOperator({ config })
    const paused = await operator.send('/console/targets/crm/pause')
    expect(paused.text).toContain('crm is paused. Its deliveries are held.')
    expect(paused.html).toContain('action="/console/targets/crm/resume"')

    const resumed = await operator.send('/console/targets/crm/resume')
    expect(resumed.text).toContain('crm is active.')
    expect(await recordedActs()).toEqual(['resumed a target: crm', 'paused a target: crm'])
  })

  it('can be tested, and the page shows its response', async () => {
    const operator = await anOperator({
      config,
      answer: () => new Response('<b>no</b>', { status: 418 }),
    })
    const { url, text, html } = await operator.send('/console/targets/crm/test')

    expect(url).toMatch(/^\/console\/events\/evt_\w{11}$/)
    expect(text).toContain('crm answered 418 after 0 ms.')
    expect(html).toContain('&lt;b&gt;no&lt;/b&gt;')
    expect(await recordedActs()).toEqual(['tested a target: crm'])
  })

  it('that refuses a test is shown with what its framework probably needs', async () => {
    const answer = () => new Response('Unsupported\nMedia Type', { status: 415 })
    const operator = await anOperator({ config, answer })

    const { text } = await operator.send('/console/targets/crm/test')

    expect(text).toContain(
      'What came back crm answered 415 after 0 ms: Unsupported Media Type Its framework does not take the content type application/json on this route: declare it there, or set content_type of the target. More: docs/receiving.md, "When a test is refused".',
    )
  })

  it('that answers a test with its type and its code has read it', async () => {
    const sent: { type: string; data: { code: string; text: string } }[] = []
    const operator = await anOperator({
      config,
      answer: (_headers, body) => {
        const event = JSON.parse(body)
        sent.push(event)
        return Response.json({ got: `${event.type} ${event.data.code}` })
      },
    })

    const { text } = await operator.send('/console/targets/crm/test')

    expect(sent).toMatchObject([
      {
        type: 'relay.test',
        test: true,
        data: { target: 'crm', code: expect.stringMatching(/^\w{8}$/), text: 'Zoë · 会员 · 😀' },
      },
    ])
    expect(text).toContain(
      `The answer has the type and the code of the event (${sent[0]?.data.code}): the receiver has read its attributes and its data.`,
    )
  })

  it.each([
    [{ format: 'raw' }, 'application/cloudevents+json'],
    [{ format: 'cloudevents-binary' }, 'application/json'],
    [{ format: 'slack' }, 'application/json'],
    [{ transform: '$' }, 'application/json'],
  ])('with %j gets the test event as %s', async (keys, contentType) => {
    const sent: { headers: Headers; body: string }[] = []
    const operator = await anOperator({
      config: aConfig({ name: 'crm', ...keys }),
      answer: (headers, body) => {
        sent.push({ headers, body })
        return new Response()
      },
    })

    await operator.send('/console/targets/crm/test')

    expect(sent).toMatchObject([{ body: expect.stringMatching(/code\W+\w{8}/) }])
    expect(sent[0]?.headers.get('content-type')).toBe(contentType)
  })

  it.each([
    [{ transform: '{"id": id}' }, 200, 'not that its code read the event. '],
    [{ secret: [] }, 401, 'the target has no secret: set secret'],
    [{ transform: 'data.nothing' }, 200, 'nothing was sent to crm (fault): the body could not'],
  ])('with %j that is tested says what was sent', async (keys, status, words) => {
    const answer = () => new Response(null, { status })
    const operator = await anOperator({ config: aConfig({ name: 'crm', ...keys }), answer })

    const { text } = await operator.send('/console/targets/crm/test')

    expect(text).toContain(words)
    expect(text).not.toMatch(/look there for the code|with the secret of this|be reached/)
  })

  it('that is not configured is shown with what is owed to it, and cannot be acted on', async () => {
    await stored(config, 'hype', aPayment())
    await setDeliveries("state = 'held', reason = 'unknown'")
    const renamed = aConfig({ name: 'crm' }, { name: 'renamed' })
    await updateKnownTargets({ DB: env.DB, RETRIES: aQueue().queue }, renamed, toolsAt(NOW))
    await rollUp(env, toolsAt(NOW + 3_600_000))
    await takeSnapshot(env, renamed, toolsAt(NOW + 3_600_000))
    const operator = await anOperator({ config: renamed })

    const { text, html } = await operator.open('/console/targets')
    expect(text).toContain(
      'finance unknown it is not configured: its deliveries are held for a day, then cancelled',
    )
    expect(text).toContain('held until 2026-11-22 01:00:00')
    expect(html).not.toContain('/console/targets/finance/')
    const overview = await operator.open('/console')
    expect(overview.text).toContain(
      'finance is unknown: its deliveries are held for a day, then cancelled',
    )
  })

  it.each(['pause', 'resume', 'test'])('that does not exist is not found: %s', async (act) => {
    const page = await (await anOperator({ config })).send(`/console/targets/nobody/${act}`)

    expect(page).toMatchObject({
      status: 404,
      text: expect.stringContaining('Unknown target: nobody.'),
    })
  })
})

describe('a replay', () => {
  it('is previewed with its deliveries and people, and shows its progress', async () => {
    for (let i = 0; i < 3; i++) await stored(config, 'hype', aPayment(), { now: NOW - 10_000 + i })
    await setDeliveries("state = 'dead', attempt = 11, due = NULL, reason = 'no attempt is left'")
    const operator = await anOperator({ config })
    const plan = await operator.send('/console/replays/plan', {
      target: 'crm',
      state: 'dead',
      per_second: '1',
    })

    expect(plan.text).toContain('3 deliveries of 3 people would be replayed.')
    expect(plan.text).toContain('target crm 3 type payment.created 3 state dead 3')
    expect(operator.queue.sent).toEqual([])
    expect(plan.html).toContain('name="per_second" value="1"')

    const started = await operator.send('/console/replays', {
      target: 'crm',
      state: 'dead',
      per_second: '1',
    })
    expect(started.url).toMatch(/^\/console\/replays\/rpl_\w{11}$/)
    expect(started.text).toContain('3 of 3 deliveries queued, 1 per second')
    expect(started.html).toContain('<progress value="3" max="3"')
    expect(operator.queue.sent.map(({ target }) => target)).toEqual(['crm', 'crm', 'crm'])
    expect(await recordedActs()).toEqual([
      expect.stringMatching(/^started a replay: rpl_\w{11} of 3$/),
    ])
  })

  it('can be stopped and resumed', async () => {
    for (let i = 0; i < 12; i++) await stored(config, 'hype', aPayment(), { now: NOW - 10_000 + i })
    await setDeliveries("state = 'delivered', attempt = 2, due = NULL")
    const operator = await anOperator({ config })
    const started = await operator.send('/console/replays', { target: 'crm', per_second: '0.1' })
    expect(started.html).toContain('hx-trigger="every 2s"')

    const stopped = await operator.send(`${started.url}/stop`)
    expect(stopped.text).toContain('The replay is stopped.')
    expect(stopped.html).not.toContain('hx-trigger')
    expect((await operator.send(`${started.url}/resume`)).text).toContain('The replay is resumed.')
    expect((await operator.open('/console/replays')).text).toMatch(/rpl_\w{11} running \d+ of 12/)
  })

  it.each([
    [{}, 'The form must name at least one of'],
    [{ target: 'nobody' }, 'Unknown target: nobody.'],
    [{ since: 'yesterday' }, '"Since" must be a time: 2026-11-30,'],
    [{ target: 'crm', per_second: '500' }, 'The number per second must be at most 50.'],
  ])('explains the error in %j', async (fields, words) => {
    const page = await (await anOperator({ config })).send('/console/replays/plan', fields)

    expect(page.text).toContain(words)
  })

  it('without a match cannot be started', async () => {
    const { text, html } = await (await anOperator({ config })).send('/console/replays/plan', {
      state: 'dead',
    })

    expect(text).toContain('No delivery matches. Change the filter.')
    expect(html).not.toContain('method="post" action="/console/replays"')
  })
})
