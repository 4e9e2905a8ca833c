// readMessages splits the body of a request into messages that keep their exact text.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DEPTH, parseJson } from '../../../src/core/intake/json.ts'
import { readElement, readMessages } from '../../../src/core/intake/messages.ts'

const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`

describe('readMessages', () => {
  it('reads an object as one message with its whole text', () => {
    const text = ' {"a": 1.0}\n'

    const read = readMessages(text)

    expect(read.batch).toBe(false)
    expect(read.messages.map((message) => message.text)).toEqual([text])
    expect(JSON.stringify(read.messages[0]?.value)).toBe('{"a":1.0}')
  })

  it.each([
    ['[{"a":1}]', ['{"a":1}']],
    ['[ {"a":1} , {"b":2}\n]', ['{"a":1}', '{"b":2}']],
    ['\n\t[{"a":[1,[2,{"c":3}]]},{}]', ['{"a":[1,[2,{"c":3}]]}', '{}']],
    ['[{"a":"]},{["},{"b":","}]', ['{"a":"]},{["}', '{"b":","}']],
    [
      '[{"a":"\\"],["},{"b":"\\\\"},{"c":"\\\\\\""}]',
      ['{"a":"\\"],["}', '{"b":"\\\\"}', '{"c":"\\\\\\""}'],
    ],
    ['[{"]":1,"[":"\\u005d"},{"a , b":2.5}]', ['{"]":1,"[":"\\u005d"}', '{"a , b":2.5}']],
    ['[{"a":1, "a":1}]', ['{"a":1, "a":1}']],
  ])('splits %s at the commas of the list', (text, slices) => {
    const read = readMessages(text)

    expect(read.batch).toBe(true)
    expect(read.messages.map((message) => message.text)).toEqual(slices)
    expect(read.messages.map(({ value }) => value)).toEqual(
      slices.map((slice) => JSON.parse(slice)),
    )
  })

  it.each([
    ['', 'is not JSON'],
    [' ', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['[ ]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['1.0', 'is not a JSON object'],
    ['"{}"', 'is not a JSON object'],
    ['"{\\"type\\":\\"payment.created\\"}"', 'is not a JSON object'],
    ['{"a":1', 'is not JSON'],
    ['{"a":1}}', 'is not JSON'],
    ['{"a":NaN}', 'is not JSON'],
    ['[{}', 'is not JSON'],
    ['[{},]', 'is not JSON'],
    ['[{}]]', 'is not JSON'],
    ['{}{}', 'is not JSON'],
    ['{"a":1}\n{"a":2}', 'is not JSON'],
    ['a=1&b=2', 'is not JSON'],
    ['\u00a0[{}]', 'is not JSON'],
  ])('keeps %j whole as one message that %s', (text, unreadable) => {
    const messages = [{ text, value: undefined, unreadable }]

    expect(readMessages(text)).toEqual({ batch: false, messages })
    expect(readElement(text)).toEqual(messages[0])
  })

  it('reads the objects of a list beside elements that are none', () => {
    const { batch, messages } = readMessages('[{"a":1}, null ,[{}],{"b":2},"{}",1.0]')

    expect(batch).toBe(true)
    expect(messages.map(({ text, value }) => [text, value])).toEqual([
      ['{"a":1}', { a: 1 }],
      ['null', undefined],
      ['[{}]', undefined],
      ['{"b":2}', { b: 2 }],
      ['"{}"', undefined],
      ['1.0', undefined],
    ])
    expect(readMessages('[[],1]').messages.map(({ unreadable }) => unreadable)).toEqual(
      Array(2).fill('is not a JSON object'),
    )
  })

  it.each(['\ufeff{"a":1}', '\ufeff [{"a":1}]'])('ignores the byte order mark of %j', (text) => {
    expect(readMessages(text).messages).toMatchObject([{ text: '{"a":1}', value: { a: 1 } }])
  })

  // A parser takes the last value, another one the first.
  it.each([
    ['{"clientID":"A","clientID":"B"}', 'has clientID twice, with different values'],
    ['{"a":1,"\\u0061":2}', 'has a twice, with different values'],
    ['{"a":1,"a":1,"a":2}', 'has a twice, with different values'],
    ['{"a":{"b":[{"c":1,"c":null}]}}', 'has c twice, with different values'],
    ['{"a":9007199254740993,"a":9007199254740992}', 'has a twice, with different values'],
    ['{"a":{"b":1},"a":{"b":2}}', 'has a twice, with different values'],
    ['{"a":"09:30","a":"10:30"}', 'has a twice, with different values'],
    ['{"ana@x.io":1,"ana@x.io":2}', 'has a key twice, with different values'],
    ['{"custom":{"x":1,"x":2}}', 'has x twice, with different values'],
  ])('reads nothing of %s, which %s', (text, unreadable) => {
    expect(readMessages(text).messages).toEqual([{ text, value: undefined, unreadable }])
  })

  it.each([
    '{"a":1,"a":1}',
    '{"a":1.50,"a":1.5}',
    '{"a":{"b":[1,":"],"c":"x\\":"},"a":{"b":[1,":"],"c":"x\\":"}}',
    '{"__proto__":{"a":1},"a":1}',
    '{"a":"\\\\","b\\"a":":","a:":1}',
  ])('reads %s: no key has two values', (text) => {
    expect(readMessages(text).messages).toEqual([
      { text, value: parseJson(text), unreadable: undefined },
    ])
  })

  it.each(['customProperties', 'custom_properties', 'Custom Fields', 'metadata'])(
    'reads a key twice in %s, whose keys are chosen by customers, and says so',
    (ambiguousIn) => {
      const text = `{"clientID":"A","${ambiguousIn}":{"Notes":"a","Notes":"b"}}`

      expect(readMessages(text).messages).toEqual([
        { text, value: JSON.parse(text), unreadable: undefined, ambiguousIn },
      ])
    },
  )

  it('allows 64 levels of nesting', () => {
    expect(MAX_DEPTH).toBe(64)
  })

  it.each([
    ['an object', nested(64), 1],
    ['an element of a list', `[{},${nested(64)}]`, 2],
  ])('reads %s that nests 64 levels', (_, text, count) => {
    const read = readMessages(text)

    expect(read.messages).toHaveLength(count)
    expect(read.messages.every(({ value }) => value !== undefined)).toBe(true)
  })

  it.each([
    ['65 levels', nested(65)],
    ['10,000 levels', nested(10_000)],
    ['10,000 levels of lists', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['100,000 levels', nested(100_000)],
  ])('keeps a body of %s whole and does not parse it', (_, text) => {
    const { batch, messages } = readMessages(text)

    expect(batch).toBe(false)
    expect(messages.map(({ text }) => text)).toEqual([text])
    expect(messages[0]?.unreadable).toBe('is nested too deep')
  })

  it('reads the other elements of a list if one is nested too deep', () => {
    const deep = nested(65)

    expect(readMessages(`[{"a":1},${deep}]`)).toEqual({
      batch: true,
      messages: [
        { text: '{"a":1}', value: { a: 1 }, unreadable: undefined },
        { text: deep, value: undefined, unreadable: 'is nested too deep' },
      ],
    })
  })

  it.each([
    ['not an object', `${'['.repeat(100)}${']'.repeat(100)}`, 'is not a JSON object'],
    ['not JSON', nested(100).slice(1), 'is not JSON'],
    ['truncated', '{"a":'.repeat(10_000), 'is not JSON'],
  ])('keeps a body that is nested too deep and is %s', (_, text, unreadable) => {
    expect(readMessages(text).messages.map((message) => message.unreadable)).toEqual([unreadable])
  })

  it('does not count brackets in strings as levels', () => {
    const text = JSON.stringify({ a: '[{'.repeat(500), b: '\\"[{'.repeat(500) })

    expect(readMessages(text).messages[0]?.value).toEqual(JSON.parse(text))
  })

  it('splits any list of objects in any formatting into its elements, in order', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', ':', ' ', 'é', '😀', '\n'),
    })
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), nasty, fc.array(nasty))
    const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
    const element = fc.record({
      object: fc.dictionary(fc.oneof(nasty, fc.string()), value, { maxKeys: 4 }),
      indent: fc.constantFrom('', ' ', '\t'),
      before: space,
      after: space,
    })
    const list = fc.array(element, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(list, space, space, (elements, before, after) => {
        const texts = elements.map(({ object, indent }) => JSON.stringify(object, null, indent))
        const spaced = elements.map((e, i) => e.before + texts[i] + e.after)
        const read = readMessages(`${before}[${spaced.join(',')}]${after}`)
        expect(read.batch).toBe(true)
        expect(read.messages.map((message) => message.text)).toEqual(texts)
        const values = read.messages.map((message) => message.value)
        expect(values).toEqual(texts.map((text) => JSON.parse(text)))
      }),
    )
  })

  it('never throws, whatever the text', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.string())
      .map(([text, at, junk]) => text.slice(0, at % (text.length + 1)) + junk)
    const brackets = fc.string({
      unit: fc.constantFrom('[', ']', '{', '}', ',', '"', '\\', '1', ':'),
    })
    const any = fc.oneof(fc.string({ unit: 'binary' }), broken, brackets)
    fc.assert(fc.property(any, (text) => void readMessages(text)))
  })
})
