// The data of the page of an event, from the log and the configuration; secrets are masked.
import { version } from '../../../../package.json'
import { type Config, targetOf } from '../../../config.ts'
import type { EventView } from '../../../console/events/event.tsx'
import { curlCommand } from '../../../core/curl.ts'
import { HEALTHY, type Health, nextProbeAt } from '../../../core/deliveries/breaker.ts'
import type { Attempt } from '../../../core/deliveries/delivery.ts'
import { deliveryHeaders } from '../../../core/deliveries/headers.ts'
import { isBroken } from '../../../core/deliveries/target.ts'
import { wordsOfTest } from '../../../core/deliveries/test-answer.ts'
import { RELAY_SOURCE, type SystemEvent } from '../../../core/events/system-event.ts'
import type { EventDetail } from '../../../store/events/events.ts'
import { instant } from '../../api/fields.ts'
import { ingestOf } from '../../ingest-url.ts'
import { presentReason } from '../../present-reason.ts'

/** The page updates itself while an attempt is due within this time. */
const SOON_MS = 60_000

/**
 * An event as its page shows it. `origin`: that of the relay; `healths`: of all targets, as far as known; `right`: the
 * targets that had it or want it.
 */
export function viewOf(
  event: EventDetail,
  {
    config,
    healths,
    right,
  }: { config: Config; healths: ReadonlyMap<string, Health>; right: readonly string[] },
  origin: string,
  now: number,
): EventView {
  const { raw, hops, source } = event
  const isSentByVendor = event.status !== 'inferred' && source !== RELAY_SOURCE
  const isTest = (event.event as { test?: boolean } | null)?.test === true
  const from = config.sources.get(source)
  const ingest = from === undefined ? undefined : ingestOf(from, origin)
  const headers = Object.entries((raw.headers ?? {}) as Record<string, string>)
  const secret = ingest?.header ? [[ingest.header, 'SECRET'] as const] : []
  return {
    ...event,
    isSentByVendor,
    curl:
      !isSentByVendor || ingest === undefined || raw.text === null || raw.encoding === 'base64'
        ? undefined
        : curlCommand(ingest.url, [...headers, ...secret], raw.text),
    testWords: testWordsOf(event, config),
    isMoving: event.deliveries.some(({ due }) => due !== null && Date.parse(due) < now + SOON_MS),
    targets: config.targets
      .filter((one) => !isBroken(one))
      .map(({ name }) => ({ name, isRight: right.includes(name) })),
    deliveries: event.deliveries.map(({ target, attempts, ...delivery }) => ({
      ...delivery,
      target,
      reason: presentReason({ target, ...delivery }, config, healths),
      nextProbe: instant(nextProbeAt(healths.get(target) ?? HEALTHY)),
      attempts: attempts.map((attempt) => ({
        ...attempt,
        headers: requestOf(attempt, { event: event.id, hops, isTest }, config, target),
      })),
    })),
  }
}

/** What the last answer to a test event says, of each target that it was sent to; nothing of another event. */
function testWordsOf({ type, event, deliveries }: EventDetail, config: Config): string[][] {
  if (type !== 'relay.test') return []
  const { data } = event as Extract<SystemEvent, { type: 'relay.test' }>
  return deliveries.flatMap(({ target, attempts }) => {
    const last = attempts.at(-1)
    if (last === undefined) return []
    const configured = usableTarget(config, target)
    // The body of a format has the code; that of a transform, which is kept nowhere, may be without it.
    const hasCode = configured !== undefined && configured.transform === undefined
    const isSigned = configured === undefined || configured.secrets.length > 0
    return [wordsOfTest(target, { type, data }, last, { hasCode, isSigned })]
  })
}

/** The headers of the request of an attempt; none if no request was made. */
function requestOf(
  attempt: Attempt,
  event: { event: string; hops: number; isTest: boolean },
  config: Config,
  target: string,
): [string, string][] {
  if (attempt.error === 'fault') return []
  const at = Date.parse(attempt.at)
  const ours = deliveryHeaders({ ...event, attempt: attempt.attempt, at, version, sent: attempt })
  const names = new Set(ours.map(([name]) => name))
  const added = configuredHeaders(config, target)
  return [...ours, ...added.filter(([name]) => !names.has(name.toLowerCase()))]
}

function usableTarget(config: Config, name: string) {
  const target = targetOf(config, name)
  return target === undefined || isBroken(target) ? undefined : target
}

const MASK = '••••'

/** The headers that the configuration of a target adds, with masked values, as these may be secrets. */
function configuredHeaders(config: Config, name: string): [string, string][] {
  const target = usableTarget(config, name)
  if (target === undefined) return []
  const signatures = target.secrets.map(() => `v1,${MASK}`)
  return [
    ...(signatures.length === 0
      ? []
      : [['webhook-signature', signatures.join(' ')] as [string, string]]),
    ...target.headers.map(([header]): [string, string] => [header, MASK]),
  ]
}
