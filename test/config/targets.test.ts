// TARGETS. The checks that all tables have in common: config.test.ts.
import { describe, expect, it } from 'vitest'
import { type ConfiguredTarget, parseConfig } from '../../src/config.ts'

const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const SECRETS: Record<string, string> = {
  SIGNING,
  OLD_SIGNING: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  TOKEN: 'Bearer top-secret',
  HOOK: 'https://hooks.example/T000/secret-path',
  PLAIN_HOOK: 'http://hooks.example/secret-path',
  NO_HOOK: 'secret-path',
  HYPE: 'hype-value',
  BARE: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  SHORT: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  LONG: `whsec_${'A'.repeat(88)}`,
  BAD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS',
  EMPTY: '',
}
const read = (vars: Record<string, unknown>) => parseConfig(vars, (name) => SECRETS[name])
const CRM = { name: 'crm', url: 'https://crm.example/hook', secret: 'SIGNING' }
const first = (overrides: object) => read({ TARGETS: [{ ...CRM, ...overrides }] })

describe('a target', () => {
  it.each([
    ['data.extra.city', undefined, ['extra']],
    ['data.extra.city', ['extra.city'], []],
    ['data.contact.custom_properties', ['extra'], ['custom_properties']],
    ['"extraordinary"', undefined, []],
  ])(
    'has a note where its transform %s uses more than include %j allows',
    (transform, include, parts) => {
      const { notes } = first({ transform, ...(include ? { include } : {}) })

      expect(notes).toEqual(
        parts.map((part) => ({
          path: 'TARGETS[0].transform',
          message: `uses ${part}, of which the target gets nothing: add it to include`,
        })),
      )
    },
  )

  it('has defaults for all but its name and URL', () => {
    const { targets, errors, notes } = read({ TARGETS: [{ name: 'crm', url: CRM.url }] })

    expect(errors).toEqual([])
    expect(notes).toEqual([
      { path: 'TARGETS[0].secret', message: 'is not set: deliveries are not signed' },
    ])
    expect(targets).toEqual([
      {
        name: 'crm',
        url: 'https://crm.example/hook',
        events: ['*'],
        sources: undefined,
        where: undefined,
        format: 'cloudevents',
        transform: undefined,
        contentType: undefined,
        secrets: [],
        headers: [],
        include: [],
        retry: [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
        intervalMs: undefined,
        ordered: false,
        orderWaitSeconds: 3600,
        timeoutSeconds: 15,
        settleSeconds: 0,
        test: true,
        enabled: true,
      },
    ])
  })

  it('accepts every key', () => {
    const { targets, errors, notes } = read({
      SOURCES: [{ name: 'hype', vendor: 'hype', secret: 'HYPE' }],
      TARGETS: [
        {
          name: 'crm',
          url: '$HOOK',
          events: ['contact.*', 'payment.created'],
          sources: ['hype'],
          where: 'data.actor = "user"',
          transform: '{ "id": id }',
          format: 'cloudevents',
          content_type: 'application/json; charset=utf-8',
          secret: ['SIGNING', 'OLD_SIGNING'],
          headers: { Authorization: '$TOKEN', 'x-team': 'doors & desks' },
          include: ['birth_date', 'notes', 'extra.Shirt size'],
          retry: [1, 2.5],
          timeout_seconds: 30,
          rate_per_second: 0.5,
          ordered: true,
          order_wait_seconds: 600,
          settle_seconds: 900,
          test: false,
          enabled: false,
        },
      ],
    })

    expect(errors).toEqual([])
    expect(notes).toEqual([])
    expect(targets).toEqual([
      {
        name: 'crm',
        url: SECRETS.HOOK,
        events: ['contact.*', 'payment.created'],
        sources: ['hype'],
        where: expect.any(Function),
        transform: expect.any(Function),
        format: 'cloudevents',
        contentType: 'application/json; charset=utf-8',
        secrets: [SIGNING, SECRETS.OLD_SIGNING],
        headers: [
          ['Authorization', 'Bearer top-secret'],
          ['x-team', 'doors & desks'],
        ],
        include: ['birth_date', 'notes', 'extra.Shirt size'],
        retry: [1, 2.5],
        timeoutSeconds: 30,
        intervalMs: 2000,
        settleSeconds: 900,
        ordered: true,
        orderWaitSeconds: 600,
        test: false,
        enabled: false,
      },
    ])
  })

  it.each([
    'http://localhost:8788/',
    'http://127.0.0.1/',
    'http://127.8.9.1:1/',
    'http://[::1]:80/',
  ])('may have the URL %s, without TLS', (url) => {
    expect(first({ url }).errors).toEqual([])
  })

  it.each([
    ['application/cloudevents+json', 'cloudevents'],
    ['Application/CloudEvents+JSON; charset="UTF-8"', 'cloudevents'],
    ['text/plain; charset=utf-8', 'raw'],
    ['application/octet-stream', 'slack'],
  ])('may have the content type %s with format %s', (content_type, format) => {
    expect(first({ content_type, format })).toMatchObject({
      errors: [],
      targets: [{ contentType: content_type }],
    })
  })

  it.each([
    'http://crm.example/',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
    'ftp://crm.example/',
    'javascript:alert(1)',
    '$PLAIN_HOOK',
  ])('must not have the URL %s, which is not https', (url) => {
    expect(first({ url }).errors).toEqual([{ path: 'TARGETS[0].url', message: 'must be https' }])
  })

  it.each(['http://a.localhost/', 'http://A.B.LOCALHOST:8788/', 'https://a.localhost./'])(
    'must not have the URL %s, which is never resolved',
    (url) => {
      const message =
        'must not be a name below localhost, which the relay cannot resolve: write localhost or 127.0.0.1'
      expect(first({ url }).errors).toEqual([{ path: 'TARGETS[0].url', message }])
    },
  )

  it.each([
    ['x_team', 'x_team'],
    ['x.team', '…'],
    ['x-Team-1', undefined],
  ])('has a note where servers drop its header %s', (name, shown) => {
    const message =
      'is dropped silently by some servers (nginx, Caddy): use only letters, digits and - in its name'
    expect(first({ headers: { [name]: 'a' } }).notes).toEqual(
      shown === undefined ? [] : [{ path: `TARGETS[0].headers.${shown}`, message }],
    )
  })

  const WHSEC = 'must be whsec_ and base64 of 24 to 64 random bytes'
  const URL_KINDS = 'must be an absolute URL, or $NAME of a secret that contains one'
  const PASSWORD = 'must not contain a password: put it in headers, as $NAME of a secret'
  const MEDIA_TYPE = 'must be a media type such as application/json'
  const unset = (name: string) => `${name} is not set: run "npx wrangler secret put ${name}"`
  it.each([
    [{ url: 7 }, 'url', 'must be a string'],
    [{ url: '/hook' }, 'url', URL_KINDS],
    [{ url: '$a-b' }, 'url', URL_KINDS],
    [{ url: '$NO_HOOK' }, 'url', 'must be an absolute URL'],
    [{ url: '$UNSET' }, 'url', unset('UNSET')],
    [{ url: 'https://user:pw@crm.example/' }, 'url', PASSWORD],
    [{ url: 'https://user@crm.example/' }, 'url', PASSWORD],
    [{ events: [] }, 'events', 'must name at least one event, or * for all'],
    [{ events: 'contact.*' }, 'events', 'must be a list'],
    [{ events: ['contact.*', '*.created'] }, 'events[1]', 'may contain one * only, at its end'],
    [{ events: ['a**'] }, 'events[0]', 'may contain one * only, at its end'],
    [{ events: [''] }, 'events[0]', 'must not be empty'],
    [{ sources: 'hype' }, 'sources', 'must be a list of source names'],
    [
      { where: '(' },
      'where',
      'is not a valid JSONata expression: Expected ")" before end of expression (S0203 at position 1)',
    ],
    [{ where: true }, 'where', 'must be a string'],
    [
      { where: '$exists(personid)' },
      'where',
      'cannot use personid, personbasis or possibleduplicate: they are not known yet when it is evaluated',
    ],
    [
      { transform: '{' },
      'transform',
      'is not a valid JSONata expression: Expected ":" before end of expression (S0203 at position 1)',
    ],
    [
      { transform: '$', format: 'slack' },
      'transform',
      'cannot be combined with format: both define the body',
    ],
    [{ format: 'xml' }, 'format', 'must be cloudevents, cloudevents-binary, raw or slack'],
    [
      { secret: 'crm-secret' },
      'secret',
      'must be the name of a secret, in capitals, such as CRM_SIGNING_SECRET; never its value',
    ],
    [{ secret: 'UNSET' }, 'secret', unset('UNSET')],
    [{ secret: 'EMPTY' }, 'secret', unset('EMPTY')],
    [{ secret: 'BARE' }, 'secret', `BARE ${WHSEC}`],
    [{ secret: 'SHORT' }, 'secret', `SHORT ${WHSEC}`],
    [{ secret: 'LONG' }, 'secret', `LONG ${WHSEC}`],
    [{ secret: ['SIGNING', 'BAD'] }, 'secret', `BAD ${WHSEC}`],
    [{ headers: { 'x y': 'a' } }, 'headers.…', 'must be a header name'],
    ...['Content-Type', 'content-type'].map(
      (name) =>
        [
          { headers: { [name]: 'text/plain' } },
          `headers.${name}`,
          'is set by the relay: use content_type of the target',
        ] as const,
    ),
    [
      { headers: { 'CE-type': 'x' }, format: 'cloudevents-binary' },
      'headers',
      'cannot contain ce-… with format = "cloudevents-binary", which sets them',
    ],
    ...[7, ['application/json']].map(
      (content_type) => [{ content_type }, 'content_type', 'must be a string'] as const,
    ),
    ...['', 'json', '*/*', '$TYPE', 'text/plain\r\nx: y'].map(
      (content_type) => [{ content_type }, 'content_type', MEDIA_TYPE] as const,
    ),
    ...['iso-8859-1', '"utf-16"', 'us-ascii', 'utf-8; charset=utf-16'].map(
      (charset) =>
        [
          { content_type: `application/json; charset=${charset}`, format: 'raw' },
          'content_type',
          'must not name another charset than utf-8, in which every body is sent: leave charset out',
        ] as const,
    ),
    ...[
      'application/x-www-form-urlencoded',
      'Multipart/Form-Data; boundary=x',
      'multipart/mixed',
    ].map(
      (content_type) =>
        [
          { content_type, format: 'raw' },
          'content_type',
          'must not name a form, as every body is JSON, of which parsers of forms read nothing: use application/json, or text/plain to get text',
        ] as const,
    ),
    [
      { content_type: 'application/json', format: 'cloudevents-binary' },
      'content_type',
      'cannot be combined with format = "cloudevents-binary", whose content type is that of the data: remove it',
    ],
    ...['raw', 'slack'].map(
      (format) =>
        [
          { content_type: 'application/cloudevents+json', format },
          'content_type',
          `must not name a CloudEvent: with format = "${format}" the body is another JSON. Remove it, or use application/json`,
        ] as const,
    ),
    ...['application/cloudevents-batch+json', 'Application/CloudEvents'].map(
      (content_type) =>
        [
          { content_type },
          'content_type',
          'must be application/cloudevents+json, as the body is one event in JSON',
        ] as const,
    ),
    [{ headers: { x: 7 } }, 'headers.x', 'must be a string'],
    [{ headers: { x: 'a\r\nb: c' } }, 'headers.x', 'must be printable ASCII'],
    [{ headers: { x: 'é' } }, 'headers.x', 'must be printable ASCII'],
    [{ headers: { x: '$UNSET' } }, 'headers.x', unset('UNSET')],
    ...[
      'Webhook-Id',
      'webhook-signature',
      'relay-hops',
      'host',
      'cf-ray',
      'connection',
      'Upgrade',
      'expect',
      'TE',
      'trailer',
      'keep-alive',
      'proxy-connection',
      'proxy-authorization',
      'transfer-encoding',
      'http2-settings',
      'cdn-loop',
    ].map(
      (name) =>
        [
          { headers: { [name]: 'a' } },
          `headers.${name}`,
          'is set by the relay or the platform',
        ] as const,
    ),
    [{ include: 'notes' }, 'include', 'must be a list'],
    [
      { include: ['email'] },
      'include[0]',
      'must be birth_date, gender, address, emergency_contact, message_body, notes, extra or custom_properties, or a key of the last two such as extra.city',
    ],
    ...['extra.', 'extra.…', 'notes.x', 'warnings', 'EXTRA'].map(
      (entry) =>
        [
          { include: ['extra', entry] },
          'include[1]',
          'must be birth_date, gender, address, emergency_contact, message_body, notes, extra or custom_properties, or a key of the last two such as extra.city',
        ] as const,
    ),
    [{ retry: 5 }, 'retry', 'must be a list of seconds, one for each retry'],
    [{ retry: [5, 0] }, 'retry[1]', 'must be at least 0.05 s'],
    [{ retry: Array(51).fill(5) }, 'retry', 'must list at most 50 retries'],
    [{ timeout_seconds: 31 }, 'timeout_seconds', 'must be at most 30 s'],
    [{ timeout_seconds: 0 }, 'timeout_seconds', 'must be at least 1 s'],
    [{ rate_per_second: 0 }, 'rate_per_second', 'must be above 0'],
    [{ ordered: 1 }, 'ordered', 'must be true or false'],
    [{ order_wait_seconds: -1 }, 'order_wait_seconds', 'must be at least 0 s'],
    [{ order_wait_seconds: '1h' }, 'order_wait_seconds', 'must be a number of seconds'],
    [{ settle_seconds: 86_401 }, 'settle_seconds', 'must be at most 86400 s'],
    [{ test: 'no' }, 'test', 'must be true or false'],
    [{ enabled: 'yes' }, 'enabled', 'must be true or false'],
    [{ event: ['*'] }, 'event', 'unknown setting; did you mean events?'],
    [{ timeout_second: 5 }, 'timeout_second', 'unknown setting; did you mean timeout_seconds?'],
    [{ timeout_secs: 5 }, 'timeout_secs', 'unknown setting; did you mean timeout_seconds?'],
    [{ time_limit: 5 }, 'time_limit', 'unknown setting'],
    [{ colour: 'red' }, 'colour', 'unknown setting'],
  ] as const)('with %j is refused, naming the path and the remedy', (overrides, key, message) => {
    const { targets, errors } = read({
      TARGETS: [
        { ...CRM, name: 'a' },
        { ...CRM, ...overrides },
      ],
    })

    expect(errors).toEqual([{ path: `TARGETS[1].${key}`, message }])
    expect(targets[0]).not.toHaveProperty('broken')
    expect(targets[1]).toMatchObject({ name: 'crm', broken: `TARGETS[1].${key}: ${message}` })
  })

  it('that is broken keeps its events and sources if they are valid', () => {
    const { targets } = read({
      TARGETS: [
        { name: 'a', url: 'http://a.example', events: ['contact.*'], sources: ['hype'] },
        { name: 'b', url: 'http://b.example', events: ['*.x'], sources: 7 },
        { name: 'c' },
      ],
    })

    const errors = [
      'TARGETS[0].url: must be https',
      'TARGETS[1].events[0]: may contain one * only, at its end; TARGETS[1].sources: must be a list of source names',
      'TARGETS[2].url: is missing',
    ]
    expect(targets).toEqual([
      { name: 'a', events: ['contact.*'], sources: ['hype'], broken: errors[0] },
      { name: 'b', events: ['*'], sources: undefined, broken: errors[1] },
      { name: 'c', events: ['*'], sources: undefined, broken: errors[2] },
    ])
  })

  it('aborts an expression that does not end by itself', async () => {
    const where = '($f := function($x) { $f($x) }; $f(1))'
    const { targets } = read({ TARGETS: [{ ...CRM, where }] })
    const [target] = targets as ConfiguredTarget[]

    await expect(target?.where?.({ type: 'x' } as never)).rejects.toThrow('more than 100000 steps')
  })

  it('with a name that is already used is ignored, also across variables', () => {
    const other = { ...CRM, url: 'https://other.example' }

    const { targets, errors } = read({ TARGETS_B: [other], TARGETS: [CRM] })

    expect(targets).toMatchObject([{ url: 'https://crm.example/hook' }])
    expect(errors).toEqual([
      { path: 'TARGETS_B[0].name', message: 'is already used above; choose another name' },
    ])
  })

  it('has a note for a source that does not exist', () => {
    expect(first({ sources: ['hapana'] }).notes).toEqual([
      { path: 'TARGETS[0].sources[0]', message: 'is not a configured source' },
    ])
  })

  it.each([
    ['payment.create', '; did you mean payment.created?'],
    ['payment.frozen', ''],
    ['pay.*', ''],
  ])('has a note for %s, which matches no event', (type, suggestion) => {
    expect(first({ events: [type] }).notes).toEqual([
      {
        path: 'TARGETS[0].events[0]',
        message: `does not match any event type${suggestion}`,
      },
    ])
  })
})

describe('TARGETS_… variables', () => {
  const named = (name: string) => ({ ...CRM, name })

  it('are added in the order of their names, as tables or as text', () => {
    const { targets, errors } = read({
      TARGETS_B: [named('d')],
      TARGETSX: 'not ours',
      MY_TARGETS: 'not ours',
      TARGETS_A: JSON.stringify([named('b'), named('c')]),
      TARGETS: [named('a')],
    })

    expect(targets.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    expect(errors).toEqual([])
  })

  it('that cannot be parsed do not affect the others', () => {
    const { targets, errors } = read({ TARGETS: '[{', TARGETS_A: [named('a')] })

    expect(targets).toMatchObject([{ name: 'a' }])
    expect(errors).toEqual([
      { path: 'TARGETS', message: 'must be a list of tables, or JSON text of such a list' },
    ])
  })
})

describe('secrets', () => {
  const values = Object.values(SECRETS).filter((value) => value !== '')

  it.each([
    { secret: ['BARE', 'SHORT', 'LONG', 'BAD', 'UNSET'] },
    { url: '$PLAIN_HOOK' },
    { url: '$NO_HOOK', headers: { authorization: '$TOKEN', x: '$UNSET' } },
    { url: 'https://user:hype-value@crm.example/', headers: { x: '$TOKEN' } },
    // A secret's value in place of its name is not repeated.
    { secret: SIGNING },
    // Nor is the value of a header that starts with $ and is not a name.
    { headers: { authorization: `$${SECRETS.TOKEN}` } },
  ])('stay out of errors and notes: %j', (overrides) => {
    const { errors, notes, targets } = first(overrides)

    const texts = JSON.stringify([
      errors,
      notes,
      targets.map((one) => 'broken' in one && one.broken),
    ])
    expect(errors).not.toEqual([])
    for (const value of values) expect(texts).not.toContain(value)
  })
})
