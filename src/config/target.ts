// One table of TARGETS → a target with its secrets, its expressions compiled.

import * as v from 'valibot'
import { matchesType } from '../core/deliveries/routing.ts'
import type { BrokenTarget, Target } from '../core/deliveries/target.ts'
import { EVENT_TYPES } from '../core/events/event.ts'
import { OPEN_PARTS } from '../core/events/privacy.ts'
import { isObject } from '../core/intake/json.ts'
import type { FormatId } from '../formats/index.ts'
import { compile } from './expression.ts'
import { type ConfigIssue, shownKey, validate } from './issues.ts'
import { HEADER_VALUE, TargetInput } from './schema.ts'
import { readSecrets, type SecretReader, signingSecretProblem } from './secrets.ts'
import { suggestion } from './spelling.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|.*\.localhost)$/

/** The target that a table configures; undefined if it is invalid: its problems are added to `errors`. */
export function readTarget(
  path: string,
  value: unknown,
  secretOf: SecretReader,
  errors: ConfigIssue[],
): Target<FormatId> | undefined {
  const input = validate(TargetInput, path, value, errors)
  if (input === undefined) return undefined
  const before = errors.length
  const secrets = readSecrets(`${path}.secret`, input.secret, secretOf, errors)
  for (const [i, secret] of secrets.entries()) {
    const problem = signingSecretProblem(secret)
    if (problem) errors.push({ path: `${path}.secret`, message: `${input.secret[i]} ${problem}` })
  }
  const resolve = (key: string, value: string) =>
    value.startsWith('$') ? readSecrets(key, [value.slice(1)], secretOf, errors)[0] : value
  const url = resolve(`${path}.url`, input.url)
  const problem = url === undefined ? undefined : urlProblem(url)
  if (problem) errors.push({ path: `${path}.url`, message: problem })
  const headers = Object.entries(input.headers).map(([key, header]): [string, string] => {
    const place = `${path}.headers.${shownKey(key)}`
    const value = resolve(place, header) ?? ''
    if (!HEADER_VALUE.test(value)) {
      const message = 'the secret it names contains characters that a header value must not'
      errors.push({ path: place, message })
    }
    return [key, value]
  })
  if (errors.length > before || url === undefined) return undefined
  return {
    name: input.name,
    url,
    events: input.events,
    sources: input.sources,
    where: input.where === undefined ? undefined : compile(input.where),
    format: input.format,
    transform: input.transform === undefined ? undefined : compile(input.transform),
    contentType: input.content_type,
    secrets,
    headers,
    include: input.include,
    retry: input.retry,
    timeoutSeconds: input.timeout_seconds,
    intervalMs:
      input.rate_per_second === undefined ? undefined : Math.ceil(1000 / input.rate_per_second),
    settleSeconds: input.settle_seconds,
    ordered: input.ordered,
    orderWaitSeconds: input.order_wait_seconds,
    test: input.test,
    enabled: input.enabled,
  }
}

/** Settings of a valid target that may be a mistake. `given`: its table. `sourceNames`: every configured source, broken ones included. */
export function targetNotes(
  path: string,
  target: Target<FormatId>,
  given: unknown,
  sourceNames: ReadonlySet<string>,
): ConfigIssue[] {
  const note = (key: string, message: string) => ({ path: `${path}.${key}`, message })
  const transform = isObject(given) ? String(given.transform) : ''
  const withheld = OPEN_PARTS.filter(
    (part) =>
      new RegExp(`\\b${part}\\b`).test(transform) &&
      !target.include.some((entry) => entry.split('.')[0] === part),
  )
  return [
    ...(target.secrets.length === 0
      ? [note('secret', 'is not set: deliveries are not signed')]
      : []),
    ...withheld.map((part) =>
      note('transform', `uses ${part}, of which the target gets nothing: add it to include`),
    ),
    ...(target.sources ?? []).flatMap((name, i) =>
      sourceNames.has(name)
        ? []
        : [
            note(
              `sources[${i}]`,
              `is not a configured source${suggestion(name, [...sourceNames])}`,
            ),
          ],
    ),
    ...target.events.flatMap((pattern, i) =>
      EVENT_TYPES.some((type) => matchesType(pattern, type))
        ? []
        : [
            note(
              `events[${i}]`,
              `does not match any event type${suggestion(pattern, EVENT_TYPES)}`,
            ),
          ],
    ),
  ]
}

/**
 * A broken target, so that events are held for it until it is corrected: those that its `events` and `sources` select
 * if these are valid, else all.
 */
export function brokenTarget(key: string, value: unknown, broken: string): BrokenTarget {
  const { events } = v.parse(
    v.object({ events: v.fallback(TargetInput.entries.events, ['*']) }),
    value,
  )
  const { sources } = v.parse(
    v.object({ sources: v.fallback(TargetInput.entries.sources, undefined) }),
    value,
  )
  return { name: key, events, sources, broken }
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL'
  const url = new URL(text)
  if (url.username || url.password)
    return 'must not contain a password: put it in headers, as $NAME of a secret'
  if (url.protocol === 'https:') return undefined
  return url.protocol === 'http:' && LOOPBACK.test(url.hostname) ? undefined : 'must be https'
}
