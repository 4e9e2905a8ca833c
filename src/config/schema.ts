// The schemas of one table of SOURCES and one of TARGETS, with a text for each invalid value.
import * as v from 'valibot'
import { ATTRIBUTE_PREFIX } from '../core/deliveries/headers.ts'
import { DEFAULT_RETRY } from '../core/deliveries/retry.ts'
import { isIncludable, OPEN_PARTS, SENSITIVE_FIELDS } from '../core/events/privacy.ts'
import { RELAY_SOURCE } from '../core/events/system-event.ts'
import { FORMATS, type FormatId } from '../formats/index.ts'
import { VENDORS, type VendorId } from '../vendors/index.ts'
import { ContentType, contentTypeProblem } from './content-type.ts'
import { expressionProblem } from './expression.ts'

/** An attempt must end before the sweep takes its message for lost (core/deliveries/lease.ts). */
const MAX_TIMEOUT_SECONDS = 30
/** Characters allowed in a header's value: printable ASCII. */
export const HEADER_VALUE = /^[\x20-\x7e]*$/
/**
 * Headers that the relay sets itself, that belong to the platform, or that are about one connection and not the request
 * (RFC 9110 §7.6.1): with `upgrade`, workerd sends a GET without a body; with `expect`, some proxies do not answer.
 */
const RESERVED_HEADER =
  /^(webhook-|relay-|content-(?!type$)|cf-|proxy-|(user-agent|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|http2-settings|expect|cdn-loop)$)/i

const oneOrMore = <S extends v.GenericSchema<string, string>>(item: S) =>
  v.pipe(
    v.union([v.array(item), item], 'must be a string or a list of strings'),
    v.transform((value): string[] => (typeof value === 'string' ? [value] : value)),
  )
const text = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'))
/** The name of a source or target. */
export const Name = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/i,
    'must be 1 to 64 letters, digits, - and _, starting with a letter or digit',
  ),
)
// Capitals only: a secret's value put here by mistake must not pass as a name and appear in errors and logs.
const SECRET_NAME = /^[A-Z][A-Z0-9_]*$/
const secretName = v.pipe(
  text,
  v.regex(
    SECRET_NAME,
    'must be the name of a secret, in capitals, such as CRM_SIGNING_SECRET; never its value',
  ),
)
const seconds = (min: number, max: number) =>
  v.pipe(
    v.number('must be a number of seconds'),
    v.minValue(min, `must be at least ${min} s`),
    v.maxValue(max, `must be at most ${max} s`),
  )
const flag = v.boolean('must be true or false')
const expression = v.pipe(
  text,
  v.check(
    (expression) => expressionProblem(expression) === undefined,
    ({ input }) => expressionProblem(input) ?? '',
  ),
)

/** The settings of one site; a source has them too, as defaults for all its sites. */
export const siteEntries = {
  timezone: v.optional(
    v.pipe(
      text,
      v.check(isTimezone, 'must be UTC, or an IANA time zone with a / such as Australia/Sydney'),
    ),
  ),
  currency: v.optional(v.pipe(text, v.regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as AUD'))),
  date_format: v.optional(
    v.picklist(['DD/MM/YYYY', 'MM/DD/YYYY'], 'must be DD/MM/YYYY or MM/DD/YYYY'),
  ),
}

/** One table of SOURCES. */
export const SourceInput = v.pipe(
  v.strictObject({
    name: v.pipe(
      Name,
      v.check(
        (name) => name !== RELAY_SOURCE,
        'is reserved for the relay itself; choose another name',
      ),
    ),
    vendor: v.picklist(Object.keys(VENDORS) as VendorId[], `must be ${list(Object.keys(VENDORS))}`),
    secret: v.optional(oneOrMore(secretName), []),
    header: v.optional(v.pipe(text, v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'must be a header name'))),
    signing_secret: v.optional(oneOrMore(secretName), []),
    tolerance_seconds: v.optional(seconds(1, 604_800), 300),
    ...siteEntries,
    sites: v.optional(v.record(v.string(), v.strictObject(siteEntries)), {}),
    enabled: v.optional(flag, true),
  }),
  v.forward(
    v.check(
      ({ secret, signing_secret }) => secret.length + signing_secret.length > 0,
      'is missing: set the name of the Worker secret that authenticates the sender',
    ),
    ['secret'],
  ),
  v.forward(
    v.check(
      ({ vendor, signing_secret }) =>
        signing_secret.length === 0 || VENDORS[vendor].signature !== undefined,
      'cannot be used: this vendor does not sign its webhooks',
    ),
    ['signing_secret'],
  ),
)

/** One table of TARGETS. */
export const TargetInput = v.pipe(
  v.strictObject({
    name: Name,
    url: v.pipe(
      text,
      v.check(isUrlOrSecret, 'must be an absolute URL, or $NAME of a secret that contains one'),
    ),
    events: v.optional(
      v.pipe(
        v.array(
          v.pipe(text, v.regex(/^[^*]*\*?$/, 'may contain one * only, at its end')),
          'must be a list',
        ),
        v.nonEmpty('must name at least one event, or * for all'),
      ),
      ['*'],
    ),
    sources: v.optional(v.array(Name, 'must be a list of source names')),
    where: v.optional(
      v.pipe(
        expression,
        v.check(
          (expression) => !/\b(personid|personbasis|possibleduplicate)\b/.test(expression),
          'cannot use personid, personbasis or possibleduplicate: they are not known yet when it is evaluated',
        ),
      ),
    ),
    format: v.optional(
      v.picklist(Object.keys(FORMATS) as FormatId[], `must be ${list(Object.keys(FORMATS))}`),
      'cloudevents',
    ),
    transform: v.optional(expression),
    content_type: v.optional(ContentType),
    secret: v.optional(oneOrMore(secretName), []),
    headers: v.optional(
      v.record(
        v.pipe(
          v.string(),
          v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'must be a header name'),
          v.check(
            (key) => key.toLowerCase() !== 'content-type',
            'is set by the relay: use content_type of the target',
          ),
          v.check((key) => !RESERVED_HEADER.test(key), 'is set by the relay or the platform'),
        ),
        v.pipe(
          v.string('must be a string'),
          v.regex(HEADER_VALUE, 'must be printable ASCII'),
          v.check(
            (value) => !value.startsWith('$') || isReference(value),
            'starts with $ but is not the $NAME of a secret, in capitals',
          ),
        ),
      ),
      {},
    ),
    include: v.optional(
      v.array(
        v.pipe(
          v.string('must be a string'),
          v.check(
            isIncludable,
            `must be ${list([...SENSITIVE_FIELDS, ...OPEN_PARTS])}, or a key of the last two such as extra.city`,
          ),
        ),
        'must be a list',
      ),
      [],
    ),
    retry: v.optional(
      v.pipe(
        v.array(seconds(0.05, 1_209_600), 'must be a list of seconds, one for each retry'),
        v.maxLength(50, 'must list at most 50 retries'),
      ),
      [...DEFAULT_RETRY],
    ),
    timeout_seconds: v.optional(seconds(1, MAX_TIMEOUT_SECONDS), 15),
    rate_per_second: v.optional(
      v.pipe(v.number('must be a number'), v.minValue(0.01, 'must be above 0')),
    ),
    ordered: v.optional(flag, false),
    order_wait_seconds: v.optional(seconds(0, 1_209_600), 3600),
    settle_seconds: v.optional(seconds(0, 86_400), 0),
    test: v.optional(flag, true),
    enabled: v.optional(flag, true),
  }),
  v.forward(
    v.check(
      ({ transform, format }) => transform === undefined || format === 'cloudevents',
      'cannot be combined with format: both define the body',
    ),
    ['transform'],
  ),
  v.forward(
    v.check(
      (target) => contentTypeProblem(target) === undefined,
      ({ input }) => contentTypeProblem(input) ?? '',
    ),
    ['content_type'],
  ),
  v.forward(
    v.check(
      ({ format, headers }) =>
        format !== 'cloudevents-binary' ||
        !Object.keys(headers).some((key) => key.toLowerCase().startsWith(ATTRIBUTE_PREFIX)),
      'cannot contain ce-… with format = "cloudevents-binary", which sets them',
    ),
    ['headers'],
  ),
)
export type TargetInput = v.InferOutput<typeof TargetInput>

function isUrlOrSecret(text: string): boolean {
  return isReference(text) || URL.canParse(text)
}

/** True for `$NAME`. */
function isReference(text: string): boolean {
  return text.startsWith('$') && SECRET_NAME.test(text.slice(1))
}

/** JavaScript knows abbreviations too, but not always as the place that is meant: it takes BST for the time of Dhaka. */
function isTimezone(zone: string): boolean {
  if (!/\//.test(zone) && zone !== 'UTC') return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
