// `where` and `transform`: their limits, with expressions that exceed them.
import { describe, expect, it } from 'vitest'
import { compile, expressionProblem } from '../../src/config/expression.ts'
import { anEvent } from '../core/builders.ts'

const A_MAIL = 'x'.repeat(900_000)

/** Evaluates an expression for an event with these extra keys. */
async function evaluate(text: string, extra: Record<string, unknown> = {}): Promise<unknown> {
  const event = anEvent()
  return compile(text)({ ...event, data: { ...event.data, extra } } as typeof event)
}

describe('an expression', () => {
  it.each([
    ['data.contact.vendor_id = "C1"', true],
    ['$map(data.extra.list, $string)', ['1', '2', '3']],
    ['$map(data.extra.list, function($n, $i) { $n + $i })', [1, 3, 5]],
    ['($add := function($a, $b) { $a + $b }; $reduce(data.extra.list, $add))', 6],
    ['($first := $substring(?, 0, 2); $first("abc"))', 'ab'],
    ['data.extra.words ~> $split(" ") ~> $join("-")', 'one-two'],
    ['$replace("a.b@c.org", /[^@]+@/, "…@")', '…@c.org'],
    ['$match("a1b22", /[0-9]+/).match', ['1', '22']],
    ['$merge([{"a": 1}, {"b": 2}])', { a: 1, b: 2 }],
    ['$sort(data.extra.list, function($a, $b) { $a < $b })', [3, 2, 1]],
    ['data.extra.list^(>$)', [3, 2, 1]],
    ['data.extra ~> |$|{"words": "three"}, "list"|', { words: 'three' }],
    ['$fromMillis(0, "[Y0001]-[M01]-[D01]")', '1970-01-01'],
    ['$toMillis("1970-01-01 00:00", "[Y0001]-[M01]-[D01] [H01]:[m01]")', 0],
    ['$toMillis("20261121094500", "[Y0001][M01][D01][H01][m01][s01]")', 1795254300000],
    ['$toMillis("[2026]", "[[[Y]]")', 1767225600000],
    ['$formatNumber(1234.5, "#,##0.00")', '1,234.50'],
    ['data.nothing', undefined],
  ])('is evaluated as JSONata: %s', async (text, expected) => {
    const made = await evaluate(text, { list: [1, 2, 3], words: 'one two' })

    expect(JSON.stringify(made)).toBe(JSON.stringify(expected))
  })

  it('reads a time by any number of marks that literals part', async () => {
    const picture = '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01]'
    const text = `$toMillis("2026-11-21T10:00:00.250+11:00", "${picture}")`

    expect(await evaluate(text)).toBe(Date.parse('2026-11-21T10:00:00.250+11:00'))
  })

  it.each([
    ['Ana:1', 'QW5hOjE='],
    ['José', 'Sm9zw6k='],
    ['Łucja', 'xYF1Y2ph'],
    ['🏋️', '8J+Pi++4jw=='],
    ['', ''],
  ])('encodes %j as base64 of its UTF-8, and decodes it', async (text, base64) => {
    expect(await evaluate('$base64encode(data.extra.text)', { text })).toBe(base64)
    expect(await evaluate('$base64decode(data.extra.base64)', { base64 })).toBe(text)
  })

  it('refuses what is not base64 of a text', async () => {
    const decoded = 'decodes what is not base64 of UTF-8 text'

    await expect(evaluate('$base64encode("\ud83d")')).rejects.toThrow('half a surrogate pair')
    await expect(evaluate('$base64decode("/w==")')).rejects.toThrow(decoded)
    await expect(evaluate('$base64decode("?")')).rejects.toThrow(decoded)
    expect(await evaluate('$base64encode(data.nothing)')).toBeUndefined()
  })

  it('encodes a large text', async () => {
    const text = 'é'.repeat(20_000)
    const made = await evaluate('$base64decode($base64encode(data.extra.text))', { text })

    expect(made).toBe(text)
  })

  it('reads the time of its evaluation, in any form', async () => {
    const before = Date.now()

    const [millis, text, year] = (await evaluate('[$millis(), $now(), $now("[Y]")]')) as unknown[]

    expect(millis).toBeGreaterThanOrEqual(before)
    expect(text).toBe(new Date(millis as number).toISOString())
    expect(year).toBe(String(new Date(millis as number).getUTCFullYear()))
  })

  it('has the whole budget for each event', async () => {
    const expression = compile('$count([1..4000].($ + 1))')

    for (let i = 0; i < 30; i++) expect(await expression(anEvent())).toBe(4000)
  })

  it('may return all of a large event, and a little more', async () => {
    const made = await evaluate('$merge([$, {"more": $pad("y", 200000)}])', { mail: A_MAIL })

    expect(made).toMatchObject({ data: { extra: { mail: A_MAIL } } })
  })
})

describe('a time in a zone', () => {
  const AT = '$toMillis("2026-11-21T18:09:17Z")'
  const PICTURE = '"[Y0001]-[M01]-[D01] [H01]:[m01] [Z]"'

  it.each([
    ['+0000', '2026-11-21 18:09 +00:00'],
    ['-0000', '2026-11-21 18:09 +00:00'],
    ['+0030', '2026-11-21 18:39 +00:30'],
    ['+1100', '2026-11-22 05:09 +11:00'],
    ['+1245', '2026-11-22 06:54 +12:45'],
    ['-0800', '2026-11-21 10:09 -08:00'],
    ['-0330', '2026-11-21 14:39 -03:30'],
    ['-0930', '2026-11-21 08:39 -09:30'],
    ['-1045', '2026-11-21 07:24 -10:45'],
  ])('with the offset %s is %s', async (offset, expected) => {
    expect(await evaluate(`$fromMillis(${AT}, ${PICTURE}, "${offset}")`)).toBe(expected)
  })

  it('is one for $now too', async () => {
    expect(await evaluate('$now("[Z]", "-0330")')).toBe('-03:30')
  })

  it.each([
    '+11:00',
    '+11',
    '1100',
    '+11000',
    '+2500',
    '+1160',
    '-0030',
    'Australia/Sydney',
    'Z',
    '',
  ])('is refused for another form: "%s"', async (zone) => {
    const reason = 'a time zone that is not an offset such as "+1100"'
    await expect(evaluate(`$fromMillis(${AT}, ${PICTURE}, "${zone}")`)).rejects.toThrow(reason)
    await expect(evaluate(`$now(${PICTURE}, "${zone}")`)).rejects.toThrow(reason)
  })
})

const STEPS = 'takes more than 100000 steps'
const WORK = 'needs too much work'
const STACK = 'nests more than 500 evaluations'
const LIST = 'creates a list of more than 5000'
const VALUE = 'creates a value of more than'
const RESULT = 'the result has more than'
const DEPTH = 'nests values more than 200 deep'
const FINITE = 'a number that is not finite'
const PICTURE = 'a picture string of more than 100 characters'

/** An expression that applies a step to its own last result, many times. */
const again = (step: string, from: string, times = 60) =>
  `($f := function($s, $n) { $n = 0 ? $s : $f(${step}, $n - 1) }; $f(${from}, ${times}))`

describe('an expression that needs too much time or memory fails with the limit that it exceeds', () => {
  it.each([
    ['calls itself forever', '($f := function($x) { $f($x) }; $f(1))', STEPS],
    ['calls itself in itself', '($f := function($x) { $f($x) + 1 }; $f(1))', STACK],
    [
      'calls itself twice',
      '($f := function($n) { $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $f(60))',
      STEPS,
    ],
    ['creates a long range', '[1..10000000]', LIST],
    ['creates a range in each step of a range', '[1..5000].[1..5000]', WORK],
    ['creates many ranges', '[1..5000].($sum([1..5000]))', WORK],
    ['pads', '$pad("x", 1000000000)', VALUE],
    ['pads with a long filler', '$pad("x", 1000000, $pad("y", 900000))', VALUE],
    ['pads often', '[1..5000].$pad("x", 900000)', WORK],
    ['doubles a text', again('$s & $s', '"ab"'), VALUE],
    ['creates many long texts', '($s := $pad("x", 200000); [1..5000].($s & $string($)))', WORK],
    ['joins one text often', '($s := $pad("x", 900000); $join([1..5000].$s))', VALUE],
    ['joins by a long text', '$join([1..5000].("x"), $pad("x", 900000))', VALUE],
    ['replaces by more', again('$replace($s, "x", "xx")', '"x"'), WORK],
    [
      'replaces each character by a long text',
      '$replace($pad("x", 9000, "x"), "x", $pad("y", 900000))',
      'too large',
    ],
    ['splits into characters', '$split($pad("x", 900000), "")', LIST],
    ['puts a list in itself twice', again('[[$s], [$s]]', '[1]'), WORK],
    ['puts an object in itself twice', again('{"a": $s, "b": $s}', '{}'), WORK],
    ['puts a list in a list', again('[[$s]]', '[1]', 4000), DEPTH],
    ['creates a cycle', '$$.data.contact ~> |$|{"a": $}|', DEPTH],
    ['compares large lists often', '($a := [1..5000]; [1..5000].($a = [1..5000]))', WORK],
    ['looks into a large list often', '($a := [1..5000]; [1..5000][$ in $a])', WORK],
    ['sorts often', '[1..5000].($sort($reverse([1..3000])))', WORK],
    [
      'calls a function of its own often',
      '($s := $pad("x", 90000); $map([1..5000], function() { $uppercase($s) }))',
      WORK,
    ],
    [
      'applies a function in part',
      `($a := $append(?, [1..4000]); ${again('$a($s)', '[]', 5000)})`,
      LIST,
    ],
    ['encodes repeatedly', again('$base64encode($s)', '"abc"'), VALUE],
    ['formats infinity', '$formatNumber(1/0, "0e0")', FINITE],
    ['formats letters without end', '$formatInteger(1/0, "a")', FINITE],
    ['formats in Roman numerals', '$formatInteger(1e300, "I")', 'nests too deep'],
    ['formats a wide year', '$fromMillis(0, "[Y,99999999-99999999]")', PICTURE],
    ['formats a wide year of now', '$now("[Y,99999999-99999999]")', PICTURE],
    ['formats by a long picture', '$formatInteger(5, $pad("", 90000, "0,"))', PICTURE],
    ['reads a time in many ways', `$toMillis("${'1'.repeat(40)}x", "${'[f]'.repeat(12)}")`, WORK],
    [
      'reads a time of letters in many ways',
      `$toMillis("${'x'.repeat(60)}", "${'[MN]T'.repeat(8)}")`,
      WORK,
    ],
    [
      'reads a time in words in many ways',
      `$toMillis("${'1'.repeat(60)}", "${'[Yw]-'.repeat(8)}")`,
      WORK,
    ],
    ['creates a result that is too large', '{"x": $pad("y", 300000)}', RESULT],
    ['searches a long text slowly', '$match(data.extra.mail, /x*y/)', 'a text of more than'],
  ])('when it %s', async (_what, text, bound) => {
    await expect(evaluate(text, { mail: 'x'.repeat(20_000) })).rejects.toThrow(bound)
  })

  it('when it reads a large event often', async () => {
    const text = '[1..5000].($uppercase($$.data.extra.mail))'

    await expect(evaluate(text, { mail: A_MAIL })).rejects.toThrow(WORK)
  })

  it('when it searches a wide event often', async () => {
    const wide = Array.from({ length: 4000 }, (_, i) => [[i]])

    await expect(evaluate('[1..5000][$$.data.extra.wide]', { wide })).rejects.toThrow(WORK)
  })

  it.each([4_400, 388])('when it searches the slowest texts (%i characters)', async (length) => {
    const pattern = length > 1000 ? 'x*y' : 'x*x*y'
    const text = `[1..5000].$match($$.data.extra.mail, /${pattern}/)`

    await expect(evaluate(text, { mail: 'x'.repeat(length) })).rejects.toThrow(WORK)
  })
})

describe('a regular expression', () => {
  it.each([
    '(a+)+$',
    '^(a*)*$',
    '^(a|a)*$',
    '^(a|ab|b)*c',
    '(?:a?){20,}b',
    `${'a?'.repeat(30)}${'a'.repeat(30)}`,
    'a*a*a*a*a*a*a*a*b',
    '(a{0,9}){0,9}b',
    '^(?=(a+)+$)',
    '^(a+)\\1+\\1+\\1+\\1+$',
    '(?:(?:a{100}){100}){100}',
    // Old patterns: what looks like one item is several, or the other way around.
    '\\k<(a+)+>b',
    '[(?<n>)]\\k<(a+)+>b',
    '\\(?<n>\\k<(a+)+>b',
    '(?<n>a)\\k<n>+\\k<n>+\\k<n>+b',
    '\\u{9}(a+)+b',
    '(\\u{1,99})*b',
    '(\\x+)+b',
    '(\\c+)+b',
    '[\\c](a+)+b',
    '[](a+)+b',
    '[^](a+)+b',
    'a{,5}(a+)+b',
    'a{(a+)+}b',
    '(\\101+)+b',
    '\\8(a+)+b',
    '(?<=(a+)+)b',
    '(?<!(a+)+)b',
    '(?=(a+)+)*b',
    '(?i:(a+)+)b',
    '(?-i:a+)+b',
    '(?<n>(a+)+)b',
    '(a|)*b',
    '(|a)+b',
  ])('is refused if its cost has no bound: /%s/', (pattern) => {
    expect(expressionProblem(`$contains(data.x, /${pattern}/)`)).toContain(
      'contains a regular expression that',
    )
  })

  it.each([
    '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$',
    '^\\+?[0-9 ()-]{6,20}$',
    '^(\\d{4})-(\\d{2})-(\\d{2})$',
    '(\\d+)\\.(\\d+)\\.(\\d+)',
    '^(gold|silver|bronze)( plus)?$',
    '^(?:\\d{1,3}\\.){3}\\d{1,3}$',
    '<[^>]+>',
    '[*+?|]',
    '^(?!test).*@example\\.com$',
    '^(?<year>\\d{4})-(?<again>\\k<year>)$',
    '\\k<a>',
    '^\\{\\d+\\}$',
  ])('in common use is accepted: /%s/', (pattern) => {
    expect(expressionProblem(`$contains(data.x, /${pattern}/i)`)).toBeUndefined()
  })

  it('is refused anywhere in the expression', () => {
    const text = '{"a": [1].(function($x) { $x ~> |b|{"c": $match(d, /(a+)+$/)}| })(1)}'

    expect(expressionProblem(text)).toContain('contains a regular expression that')
  })
})

describe('a text that is no expression is refused', () => {
  it.each([
    ['type = ', 'Unexpected end of expression (S0207 at position 7)'],
    ['(type', 'Expected ")" before end of expression (S0203 at position 5)'],
    ['type == "a"', 'The symbol "=" cannot be used as a unary operator (S0211 at position 7)'],
    ['type and data type', 'Syntax error: "type" (S0201 at position 18)'],
    ['type $sum', 'Syntax error: "sum" (S0201 at position 9)'],
    ['data.contact given_name', 'Syntax error: "given_name" (S0201 at position 23)'],
    ['type = "a', 'String literal must be terminated by a matching quote (S0101 at position 9)'],
    [
      'data.x := 1',
      'The left side of := must be a variable name (start with $) (S0212 at position 5)',
    ],
    ['type = /a(/', 'No terminating / in regular expression (S0302 at position 11)'],
    ['type = 1e999', 'Number out of range: … (S0102 at position 7)'],
    ['type = /+/', 'in a regular expression, Nothing to repeat'],
  ])('with the reason and the place: %s', (text, problem) => {
    expect(expressionProblem(text)).toBe(`is not a valid JSONata expression: ${problem}`)
  })

  it('without a text that it quotes, which may be a secret', () => {
    expect(expressionProblem('type "whsec_MfKQ+9r8/GKYqrTwjUPD8ILPZIo2LaLaSw"')).toBe(
      'is not a valid JSONata expression: Syntax error: … (S0201 at position 47)',
    )
    expect(expressionProblem('type.1234567890123456789012345678901234567890')).toContain(
      'The literal value … cannot be used as a step within a path expression (S0213',
    )
    expect(expressionProblem('type = /+ my password/')).toBe(
      'is not a valid JSONata expression: in a regular expression, Nothing to repeat',
    )
  })

  it.each([
    ['type = "a" "9f86d081884c7d659a2feaa0c55ad015"', 'Syntax error: … (S0201 at position 45)'],
    ['sk_live_51Habc sk_live_51Hdef', 'Syntax error: … (S0201 at position 29)'],
    ['$f(type, Bearer eyJhbGciOi.abc)', 'Expected ")", got … (S0202 at position 26)'],
    ['{"key" hunter2}', 'Expected ":", got … (S0202 at position 14)'],
    ['type = 90210 0911', 'Syntax error: … (S0201 at position 14)'],
    ['type `correct horse`', 'Syntax error: … (S0201 at position 20)'],
    ['type "!?*"', 'Syntax error: … (S0201 at position 10)'],
    [
      'function(hunter2){1}',
      'Parameter … of function definition must be a variable name (start with $) (S0208 at position 16)',
    ],
  ])('shows a name only if events or JSONata have it: %s', (text, problem) => {
    expect(expressionProblem(text)).toBe(`is not a valid JSONata expression: ${problem}`)
  })
})

it.each(['$eval("1")', '($e := $eval; $e("1"))', '"1" ~> $eval', '{"a": [b.$eval(c)]}'])(
  'an expression that can evaluate received text is refused: %s',
  (text) => {
    expect(expressionProblem(text)).toBe('uses $eval, which is disabled')
    expect(() => compile(text)).toThrow('$eval')
  },
)
