// readMessages splits the body of a request into messages that keep their exact text.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DEPTH, readMessages } from '../../../src/core/intake/json.ts'

const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`

describe('readMessages', () => {
  it('reads an object as one message with its whole text', () => {
    const text = ' {"a": 1.0}\n'

    const read = readMessages(text)

    expect(read?.batch).toBe(false)
    expect(read?.messages.map((message) => message.text)).toEqual([text])
    expect(JSON.stringify(read?.messages[0]?.value)).toBe('{"a":1.0}')
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
    ['[{"a":1, "a":2}]', ['{"a":1, "a":2}']],
  ])('splits %s at the commas of the list', (text, slices) => {
    const read = readMessages(text)

    expect(read?.batch).toBe(true)
    expect(read?.messages.map((message) => message.text)).toEqual(slices)
    expect(read?.messages.map(({ value }) => value)).toEqual(
      slices.map((slice) => JSON.parse(slice)),
    )
  })

  it.each([
    '',
    ' ',
    '[]',
    '[ ]',
    'null',
    '1',
    '1.0',
    '"{}"',
    'true',
    '[1]',
    '[{},1]',
    '[{},null]',
    '[{},[]]',
    '[[{}]]',
    '[1.0]',
    '{"a":1',
    '{"a":1}}',
    '[{}',
    '[{},]',
    '[{}]]',
    '{}{}',
    '{"a":1}\n{"a":2}',
    'a=1&b=2',
    '\u00a0[{}]',
  ])('refuses %j', (text) => {
    expect(readMessages(text)).toBeUndefined()
  })

  it('allows 64 levels of nesting', () => {
    expect(MAX_DEPTH).toBe(64)
  })

  it.each([
    ['an object', nested(64), 1],
    ['an element of a list', `[{},${nested(64)}]`, 2],
  ])('reads %s that nests 64 levels', (_, text, count) => {
    const read = readMessages(text)

    expect(read?.messages).toHaveLength(count)
    expect(read?.messages.every(({ value }) => value !== undefined)).toBe(true)
  })

  it.each([
    ['65 levels', nested(65)],
    ['10,000 levels', nested(10_000)],
    ['10,000 levels of lists', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['100,000 levels', nested(100_000)],
  ])('keeps a body of %s whole and does not parse it', (_, text) => {
    expect(readMessages(text)).toEqual({ batch: false, messages: [{ text, value: undefined }] })
  })

  it('reads the other elements of a list if one is nested too deep', () => {
    const deep = nested(65)

    expect(readMessages(`[{"a":1},${deep}]`)).toEqual({
      batch: true,
      messages: [
        { text: '{"a":1}', value: { a: 1 } },
        { text: deep, value: undefined },
      ],
    })
  })

  it.each([
    ['not an object', '['.repeat(100) + ']'.repeat(100)],
    ['not JSON', nested(100).slice(1)],
    ['truncated', '{"a":'.repeat(10_000)],
  ])('refuses a body that is nested too deep and is %s', (_, text) => {
    expect(readMessages(text)).toBeUndefined()
  })

  it('does not count brackets in strings as levels', () => {
    const text = JSON.stringify({ a: '[{'.repeat(500), b: '\\"[{'.repeat(500) })

    expect(readMessages(text)?.messages[0]?.value).toEqual(JSON.parse(text))
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
        expect(read?.batch).toBe(true)
        expect(read?.messages.map((message) => message.text)).toEqual(texts)
        const values = read?.messages.map((message) => message.value)
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
