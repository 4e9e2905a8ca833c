// Intake over HTTP: each refusal in its order, each bad input with its documented answer. A request that is not
// authenticated leaves no trace, and no answer or log line contains a secret.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import type { EventId } from '../../src/core/id.ts'
import type { Tools } from '../../src/env.ts'
import { createApp } from '../../src/http/app.ts'
import { getEvent } from '../../src/store/events/events.ts'
import { aPayment, aQueue, aStatusChange, NOW } from '../builders.ts'

const SECRETS: Record<string, string> = {
  KEY: 'correct-horse-battery-staple',
  SIGNING: 'hapana-signing-secret',
}
const config = parseConfig(
  {
    SOURCES: [
      { name: 'gym', vendor: 'hapana', secret: 'KEY', header: 'X-Hapana-Key' },
      { name: 'signed', vendor: 'hapana', signing_secret: 'SIGNING' },
      { name: 'community', vendor: 'hype', secret: 'KEY' },
      { name: 'broken', vendor: 'hype', secret: 'NOT_SET' },
      { name: 'off', vendor: 'hype', secret: 'KEY', enabled: false },
    ],
    TARGETS: [],
  },
  (name) => SECRETS[name],
)

const lines: Record<string, unknown>[] = []
const tools: Tools = {
  now: () => Date.now(),
  random: () => Math.random(),
  log: (line) => lines.push(line),
  fetch: () => Promise.reject(new Error('nothing is sent here')),
  waitUntil: () => undefined,
}
const app = createApp(() => config, tools)
const bindings = { ...env, DB: env.DB, DELIVERIES: aQueue().queue, RETRIES: aQueue().queue }

const AUTHENTICATED = { 'x-hapana-key': 'correct-horse-battery-staple' }

/** The value of Hapana's signature header. */
async function signature(body: string | Uint8Array, t: number): Promise<string> {
  const encoder = new TextEncoder()
  const bytes = typeof body === 'string' ? encoder.encode(body) : body
  const signed = Uint8Array.from([...encoder.encode(`${t}.`), ...bytes])
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(SECRETS.SIGNING),
    algorithm,
    false,
    ['sign'],
  )
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, signed))
  return `t=${t},v1=${[...mac].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** The bytes of an event of the log. */
async function storedBytes(id: EventId): Promise<Uint8Array> {
  const { text = '', encoding } = (await getEvent(env, id))?.raw ?? {}
  return encoding === 'base64'
    ? Uint8Array.from(atob(text ?? ''), (c) => c.charCodeAt(0))
    : new TextEncoder().encode(text ?? '')
}

async function post(path: string, init: RequestInit = {}) {
  const response = await app.request(
    `https://relay.example${path}`,
    { method: 'POST', ...init },
    bindings,
  )
  const text = await response.text()
  for (const secret of Object.values(SECRETS)) {
    expect(text).not.toContain(secret)
    expect(JSON.stringify(lines)).not.toContain(secret)
    expect(JSON.stringify([...response.headers])).not.toContain(secret)
  }
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

it('stores no secret with an event, even from a header that looks like the vendor’s own', async () => {
  await post('/in/gym', { headers: AUTHENTICATED, body: JSON.stringify(aStatusChange()) })

  const { results } = await env.DB.prepare('SELECT headers FROM events').all()
  expect(results.length).toBeGreaterThan(0)
  expect(JSON.stringify(results)).not.toContain(SECRETS.KEY)
})

async function rowCount(): Promise<number> {
  return (await env.DB.prepare('SELECT count(*) AS n FROM events').first<number>('n')) ?? -1
}

const problem = (name: string, status: number) => ({
  status,
  body: expect.objectContaining({ type: `urn:membership-relay:problem:${name}`, status }),
})

describe('an authenticated request', () => {
  it('is answered with the headers that a program needs, and a refusal with those for browsers too', async () => {
    const body = JSON.stringify(aStatusChange())

    const accepted = await post('/in/gym', { headers: AUTHENTICATED, body })
    const refused = await post('/in/gym', { body })

    expect(accepted.status).toBe(202)
    expect(Object.fromEntries(accepted.headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(refused.status).toBe(401)
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
  })

  it('is one log line, with its result and nothing of its content', async () => {
    const before = lines.length
    const payment = aPayment({ email: 'private@example.com' })

    const { body } = await post('/in/community?key=correct-horse-battery-staple&event=x', {
      body: JSON.stringify(payment),
    })

    const { id, type } = body
    expect(lines.slice(before)).toEqual([
      {
        at: 'accept',
        source: 'community',
        ms: expect.any(Number),
        status: 202,
        events: [{ id, status: 'accepted', type, deliveries: 0 }],
      },
    ])
    expect(JSON.stringify(lines.slice(before))).not.toMatch(/private|correct-horse|\?|=|contact-/)
  })

  it('is answered 202 with its receipt', async () => {
    const { status, body } = await post('/in/gym', {
      headers: AUTHENTICATED,
      body: JSON.stringify(aStatusChange()),
    })

    expect(status).toBe(202)
    expect(body).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-z]{13}$/),
      status: 'accepted',
      type: 'membership.status_changed',
      deliveries: 0,
      warnings: [],
    })
  })

  it('with a list is answered with a list', async () => {
    const list = JSON.stringify([aStatusChange(), aStatusChange()])

    const { body } = await post('/in/gym', { headers: AUTHENTICATED, body: list })

    expect(body.events).toHaveLength(2)
  })

  it('that the vendor repeats is answered as a duplicate, with the first id', async () => {
    const text = JSON.stringify(aPayment())
    const first = await post('/in/community?key=correct-horse-battery-staple', { body: text })

    const second = await post('/in/community?key=correct-horse-battery-staple', { body: text })

    expect(second).toMatchObject({
      status: 202,
      body: { status: 'duplicate', id: first.body.id, deliveries: 0 },
    })
  })

  it('has the event type that its URL names', async () => {
    const { eventType: _, ...untyped } = aStatusChange()

    const { body } = await post('/in/gym?event=clientStatusChange', {
      headers: AUTHENTICATED,
      body: JSON.stringify(untyped),
    })

    expect(body.type).toBe('membership.status_changed')
  })
})

describe('the order of refusals', () => {
  it.each([
    ['404 before all else', '/in/nowhere', { method: 'GET' }, 'unknown-source', 404],
    ['404 for a disabled source', '/in/off', {}, 'unknown-source', 404],
    ['405 before the authentication', '/in/gym', { method: 'GET' }, 'method-not-allowed', 405],
    [
      '503 for a source that is not configured completely',
      '/in/broken',
      {},
      'source-misconfigured',
      503,
    ],
    ['401 before the size', '/in/gym', { body: 'x'.repeat(2_000_000) }, 'unauthenticated', 401],
    ['401 before the JSON', '/in/gym', { body: '{' }, 'unauthenticated', 401],
    [
      '413 before the loop',
      '/in/gym',
      { headers: { ...AUTHENTICATED, 'relay-hops': '9' }, body: 'x'.repeat(900_001) },
      'too-large',
      413,
    ],
    [
      '508 before the JSON',
      '/in/gym',
      { headers: { ...AUTHENTICATED, 'relay-hops': '5' }, body: '{' },
      'looping',
      508,
    ],
    [
      '400 last',
      '/in/gym',
      { headers: { ...AUTHENTICATED, 'relay-hops': '4' }, body: '' },
      'empty-body',
      400,
    ],
  ])('is %s', async (_case, path, init, name, status) => {
    const before = await rowCount()

    const answer = await post(path, init)

    expect(answer).toMatchObject(problem(name, status))
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await rowCount()).toBe(before)
  })

  it('includes the allowed methods in a 405', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const response = await app.request('https://relay.example/in/gym', { method }, bindings)
      expect([method, response.status, response.headers.get('allow')]).toEqual([
        method,
        405,
        'POST',
      ])
    }
  })

  it('includes Retry-After in a 503', async () => {
    const { headers } = await post('/in/broken')

    expect(headers.get('retry-after')).toBe('30')
  })
})

describe('a secret that is', () => {
  const body = JSON.stringify(aPayment())

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['short', 'correct'],
    ['long', 'correct-horse-battery-staple-and-more'],
    ['in another case', 'Correct-horse-battery-staple'],
    ['not ASCII', '\u00e9\u00e8'],
  ])('%s does not authenticate a sender', async (_case, value) => {
    const before = await rowCount()
    const headers: Record<string, string> = value === undefined ? {} : { 'x-hapana-key': value }
    const query = value === undefined ? '' : `?key=${encodeURIComponent(value)}`

    expect(await post('/in/gym', { headers, body })).toMatchObject(problem('unauthenticated', 401))
    expect(await post(`/in/community${query}`, { body })).toMatchObject(
      problem('unauthenticated', 401),
    )
    expect(await rowCount()).toBe(before)
  })

  it('in the query does not authenticate a sender if a header is configured', async () => {
    const answer = await post('/in/gym?key=correct-horse-battery-staple', { body })

    expect(answer).toMatchObject(problem('unauthenticated', 401))
  })

  it('wrong is logged with its cause', async () => {
    await post('/in/gym', { headers: { 'x-hapana-key': 'nope' }, body })

    expect(lines.at(-1)).toMatchObject({
      at: 'accept',
      source: 'gym',
      refused: 'unauthenticated',
      cause: 'header_wrong',
    })
  })
})

describe('a signature', () => {
  const now = () => Math.floor(Date.now() / 1000)

  it('over the exact bytes authenticates the sender', async () => {
    const body = JSON.stringify(aStatusChange())
    const headers = { 'x-hapana-signature': await signature(body, now()) }

    expect(await post('/in/signed', { headers, body })).toMatchObject({ status: 202 })
  })

  it('over other bytes is refused, and nothing is stored', async () => {
    const before = await rowCount()
    const body = JSON.stringify(aStatusChange())
    const headers = { 'x-hapana-signature': await signature(body, now()) }

    const answer = await post('/in/signed', { headers, body: `${body} ` })

    expect(answer).toMatchObject(problem('unauthenticated', 401))
    expect(await rowCount()).toBe(before)
  })

  it('with a thousand MACs is refused before the body is read', async () => {
    const macs = `,v1=${'0'.repeat(64)}`.repeat(1000)
    const headers = { 'x-hapana-signature': `t=${now()}${macs}` }

    const answer = await post('/in/signed', { headers, body: 'x'.repeat(2_000_000) })

    expect(answer).toMatchObject(problem('unauthenticated', 401))
    expect(lines.at(-1)).toMatchObject({ cause: 'signature_malformed' })
  })

  it('under another delivery id is the same event: the id is not signed', async () => {
    const body = JSON.stringify(aStatusChange())
    const signed = { 'x-hapana-signature': await signature(body, now()) }
    await post('/in/signed', { headers: { ...signed, 'x-hapana-delivery': 'del_1' }, body })

    const replay = await post('/in/signed', {
      headers: { ...signed, 'x-hapana-delivery': 'del_2' },
      body,
    })

    expect(replay.body.status).toBe('duplicate')
  })
})

describe('a body that is', () => {
  it.each([
    ['white space', ' \n', 'is not JSON'],
    ['truncated', '{"eventType":"checkIn","clientID":"c', 'is not JSON'],
    ['a string', '"hello"', 'is not a JSON object'],
    ['JSON in a JSON text', '"{\\"eventType\\":\\"checkIn\\"}"', 'is not a JSON object'],
    ['a number', '42', 'is not a JSON object'],
    ['null', 'null', 'is not a JSON object'],
    ['an empty list', '[]', 'is not a JSON object'],
    ['NaN', '{"eventType":"checkIn","clientID":"c","amount":NaN}', 'is not JSON'],
    ['lines of JSON', '{"eventType":"checkIn"}\n{"eventType":"checkIn"}', 'is not JSON'],
    ['10,000 open brackets', '['.repeat(10_000), 'is not JSON'],
    ['a form', 'clientID=1&eventType=checkIn', 'is not JSON'],
    [
      'multipart',
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
      'is not JSON',
    ],
    [
      'an object with two clients',
      '{"eventType":"checkIn","clientID":"a","clientID":"b"}',
      'has clientID twice, with different values',
    ],
  ])('%s is quarantined with its bytes and the reason', async (_case, body, reason) => {
    const { status, body: answer } = await post('/in/gym', { headers: AUTHENTICATED, body })

    expect(status).toBe(202)
    expect(answer).toMatchObject({ status: 'quarantined', issues: [`body: ${reason}`] })
    expect(await storedBytes(answer.id)).toEqual(new TextEncoder().encode(body))
  })

  it('UTF-16 is quarantined with its bytes, with a byte order mark and without', async () => {
    const text = '{"eventType":"checkIn"}'
    const units = Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0), 0]))
    for (const body of [units, Uint8Array.from([0xff, 0xfe, ...units])]) {
      const { status, body: answer } = await post('/in/gym', { headers: AUTHENTICATED, body })

      expect(status).toBe(202)
      expect(answer.issues).toEqual(['body: is not UTF-8; stored as bytes'])
      expect(await storedBytes(answer.id)).toEqual(body)
    }
  })

  it('refused although its sender is authenticated is only an empty one', async () => {
    const before = await rowCount()

    expect(await post('/in/gym', { headers: AUTHENTICATED, body: '' })).toMatchObject(
      problem('empty-body', 400),
    )
    expect(await rowCount()).toBe(before)
  })

  it('compressed is signed as it was sent, and stored unpacked', async () => {
    const text = JSON.stringify({ ...aStatusChange(), clientID: 'gzipped' })
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
    const body = new Uint8Array(await new Response(stream).arrayBuffer())
    const headers = {
      'x-hapana-signature': await signature(body, Math.floor(Date.now() / 1000)),
      'content-encoding': 'gzip',
    }

    const { status, body: answer } = await post('/in/signed', { headers, body })

    expect([status, answer.status]).toEqual([202, 'accepted'])
    expect(new TextDecoder().decode(await storedBytes(answer.id))).toBe(text)
    expect((await getEvent(env, answer.id))?.raw.headers).not.toHaveProperty('content-encoding')
  })

  it('a list has its good elements accepted, and the odd ones quarantined', async () => {
    const good = (client: string) => ({
      eventType: 'clientUpdated',
      clientID: client,
      siteID: 's',
      email: `${client}@example.com`,
    })
    const body = `[${JSON.stringify(good('list-1'))},7.5, [{}] ,${JSON.stringify(good('list-2'))}]`

    const { status, body: answer } = await post('/in/gym', { headers: AUTHENTICATED, body })

    expect(status).toBe(202)
    expect(answer.events.map((event: { status: string }) => event.status)).toEqual([
      'accepted',
      'quarantined',
      'quarantined',
      'accepted',
    ])
    const bytes = await storedBytes(answer.events[2].id)
    expect(new TextDecoder().decode(bytes)).toBe('[{}]')
  })

  it.each([
    ['an empty object', '{}'],
    ['10,000 levels of objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    [
      'an object with the keys of prototypes',
      '{"__proto__":{"clientID":"c"},"constructor":{"prototype":{"x":1}}}',
    ],
    [
      '100 objects of no known type',
      `[${Array.from({ length: 100 }, (_, i) => `{"n":${i}}`).join()}]`,
    ],
    ['an object with numbers beyond a double', '{"n":1e999,"m":123456789012345678901234567890}'],
    [
      'an object with an id of 600,000 characters',
      `{"eventType":"checkIn","clientID":"${'x'.repeat(600_000)}"}`,
    ],
    [
      'an object with 300 spellings of clientID',
      `{${Array.from(
        { length: 50_000 },
        (_, i) => `"client${' '.repeat(i % 7)}ID${'-'.repeat(i / 7)}":0.5`,
      )
        .slice(0, 300)
        .join()}}`,
    ],
    [
      'an object with a type of 800,000 characters',
      `{"eventType":"check${'.'.repeat(800_000)}In","clientID":"c","siteID":"s","checkInStatus":"Valid"}`,
    ],
  ])('%s is quarantined and answered 202', async (_case, body) => {
    const { status, body: answer } = await post('/in/gym', { headers: AUTHENTICATED, body })

    expect(status).toBe(202)
    const events = answer.events ?? [answer]
    expect(events.every((event: { status: string }) => event.status === 'quarantined')).toBe(true)
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it('an object with ids that are not valid Unicode is accepted', async () => {
    const hapana = await post('/in/gym', {
      headers: AUTHENTICATED,
      body: '{"eventType":"clientUpdated","clientID":"\\udc00","siteID":"\\ud800"}',
    })
    const hype = await post('/in/community?key=correct-horse-battery-staple', {
      body: '{"publisher_id":"\\ud800","id":"x","type":"contact.created"}',
    })

    expect([hapana.status, hype.status]).toEqual([202, 202])
  })

  it('an object with a key twice in its custom properties has the last value, and a warning', async () => {
    const body =
      '{"eventType":"clientUpdated","clientID":"twice","siteID":"s","customProperties":{"a":1,"a":2}}'

    const { body: answer } = await post('/in/gym', { headers: AUTHENTICATED, body })

    expect(answer).toMatchObject({
      status: 'accepted',
      warnings: ['customProperties: has a key twice, with different values; the last one is used'],
    })
  })

  it('not UTF-8 is quarantined with its bytes', async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])

    expect(await post('/in/gym', { headers: AUTHENTICATED, body })).toMatchObject({
      status: 202,
      body: { status: 'quarantined', issues: ['body: is not UTF-8; stored as bytes'] },
    })
  })

  it('a stream of 10 MB without a length is read to the limit and no further', async () => {
    let chunks = 0
    const body = new ReadableStream({
      pull(controller) {
        if (++chunks > 160) controller.close()
        else controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })

    const answer = await post('/in/gym', {
      headers: AUTHENTICATED,
      body,
      duplex: 'half',
    } as RequestInit)

    expect(answer).toMatchObject(problem('too-large', 413))
    expect(chunks).toBeLessThan(20)
  })

  it('exactly as large as the limit is accepted', async () => {
    const body = `{"n":"${'x'.repeat(900_000 - 8)}"}`

    expect(await post('/in/gym', { headers: AUTHENTICATED, body })).toMatchObject({ status: 202 })
  })
})

it('simultaneous requests share transactions', async () => {
  const sizes: number[] = []
  const db = {
    prepare: (sql: string) => env.DB.prepare(sql),
    batch: (statements: D1PreparedStatement[]) => {
      sizes.push(statements.length)
      return env.DB.batch(statements)
    },
  } as unknown as D1Database
  // With a fixed clock, the speed of the machine does not matter.
  const fixed = createApp(() => config, { ...tools, now: () => NOW })
  const send = async (clientID: string) => {
    const init = {
      method: 'POST',
      headers: AUTHENTICATED,
      body: JSON.stringify({ ...aStatusChange(), clientID }),
    }
    const response = await fixed.request('https://relay.example/in/gym', init, {
      ...bindings,
      DB: db,
    })
    return ((await response.json()) as { status: string }).status
  }

  const statuses = await Promise.all(['one', 'two', 'three', 'four'].map(send))

  expect(statuses).toEqual(Array(4).fill('accepted'))
  // Alone each reads, and then writes: eight transactions.
  expect(sizes.length).toBeLessThan(8)
  const alone = sizes.length
  expect(await send('five')).toBe('accepted')
  expect(sizes.length - alone).toBe(2)
})

describe('SOURCES that cannot be read', () => {
  const HYPE = { name: 'community', vendor: 'hype', secret: 'KEY' }
  const path = '/in/community?key=correct-horse-battery-staple'
  const send = (SOURCES: unknown, to: string) => {
    const unreadable = parseConfig({ SOURCES }, (name) => SECRETS[name])
    const body = JSON.stringify(aPayment())
    const { request } = createApp(() => unreadable, tools)
    return request(`https://relay.example${to}`, { method: 'POST', body }, bindings)
  }

  it.each<[string, unknown]>([
    ['as a whole', `[${JSON.stringify(HYPE)},]`],
    ['in the name of a table', [{ ...HYPE, name: 'com munity' }]],
  ])('%s ask the sender to try again: the name may be one of theirs', async (_, SOURCES) => {
    const answer = await send(SOURCES, path)

    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({
      type: 'urn:membership-relay:problem:sources-unreadable',
    })
    expect(lines.at(-1)).toMatchObject({ at: 'accept', refused: 'sources_unreadable' })
  })

  it('still accept for the sources that can be read', async () => {
    const answer = await send([{ vendor: 'hype' }, HYPE], path)

    expect(answer.status).toBe(202)
  })
})
