// The story of a wrong claim: what truly happened, what arrived of it and when, what was told, and what is wrong with that.
import type { Finding } from './score/score.ts'
import type { Arrival, Delivered, Story } from './truth.ts'

/** A story, with the number of its messages: the shortest ones show most. */
export type Told = { title: string; size: number; lines: string[] }

/** Arrivals of a contact that are shown before and after the one that a story is about. */
const SHOWN = { before: 14, after: 4 }

/** The stories of findings whose kind begins so, or with one of several parted by commas, and whose text has some words. */
export function explain(
  story: Story,
  findings: readonly Finding[],
  kind: string,
  words = '',
): Told[] {
  const kinds = kind.split(',')
  const isOne = (finding: Finding) => kinds.some((one) => finding.kind.startsWith(one))
  return findings
    .filter((finding) => isOne(finding) && finding.text.includes(words))
    .map((finding) => storyOf(story, finding))
}

/** The shortest stories, of each title first one. */
export function shortest(told: readonly Told[], count: number): Told[] {
  const sorted = [...told].sort((a, b) => a.size - b.size)
  const firsts = [...new Map(sorted.toReversed().map((one) => [one.title, one])).values()]
  const others = sorted.filter((one) => !firsts.includes(one))
  return [...firsts.sort((a, b) => a.size - b.size), ...others].slice(0, count)
}

function storyOf(story: Story, finding: Finding): Told {
  const about = story.arrivals.filter(({ message }) => finding.about.includes(message.n))
  const contacts = [...new Set(about.map(({ message }) => message.contact))]
  const arrivals = story.arrivals
    .filter(({ message }) => contacts.includes(message.contact))
    .sort((a, b) => a.at - b.at)
  const others = restingOn(story, about).filter(
    ({ message }) => !contacts.includes(message.contact),
  )
  contacts.push(...new Set(others.map(({ message }) => message.contact)))
  const shown = [...others, ...around(arrivals, about)].sort((a, b) => a.at - b.at)
  const vendors = new Set(shown.map(({ message }) => message.vendor))
  const lines = [
    `${finding.kind}: ${finding.text}`,
    `  world ${story.seed}; ${readingsOf(story, vendors)}`,
    ...contacts.map((contact) => `  ${contact}: ${whoIs(story, contact)}`),
    ...shown.flatMap((arrival) =>
      linesOf(arrival, { story, isAbout: about.includes(arrival), isMany: contacts.length > 1 }),
    ),
  ]
  // Contacts have other names in each world.
  const title = `${finding.kind}: ${finding.text.replaceAll(/(hapana|hype) \S+ \S+|[\d.]+|\S+@\S+/g, '…')}`
  return { title, size: arrivals.length, lines }
}

function around(arrivals: readonly Arrival[], about: readonly Arrival[]): Arrival[] {
  const places = about.map((one) => arrivals.indexOf(one))
  const from = Math.max(0, Math.min(...places) - SHOWN.before)
  const to = Math.max(...places) + SHOWN.after + 1
  const shown = arrivals.slice(from, to)
  // Two contacts may have lived apart for long: the first and the last of it say enough.
  return shown.length <= 40 ? shown : [...shown.slice(0, 20), ...shown.slice(-20)]
}

/** What a claim rests on: its evidence, and what was told of the same person before. */
function restingOn({ arrivals, delivered }: Story, about: readonly Arrival[]): Arrival[] {
  const ids = new Set(about.map(({ answer }) => answer?.id))
  const told = delivered.filter(({ target, event }) => target === 'ledger' && ids.has(event.id))
  const evidence = new Set(told.flatMap(({ event }) => event.data.inference?.evidence ?? []))
  const people = new Set(told.map(({ event }) => event.personid))
  const types = new Set(told.map(({ event }) => event.type))
  const isBefore = ({ target, event, at }: Delivered) =>
    target === 'ledger' &&
    people.has(event.personid) &&
    types.has(event.type) &&
    at < (told[0]?.at ?? 0)
  const before = delivered.filter(isBefore).slice(0, MOST_OTHERS)
  for (const { event } of before) evidence.add(event.id)
  return arrivals.filter(({ answer }) => answer?.status === 'accepted' && evidence.has(answer.id))
}

/** Events of other contacts that are shown. */
const MOST_OTHERS = 3

function whoIs({ humans, arrivals }: Story, contact: string): string {
  const human =
    humans[arrivals.find(({ message }) => message.contact === contact)?.message.human ?? -1]
  return human === undefined ? 'nobody' : `human ${human.id}, ${human.given} ${human.family}`
}

/** The readings that hold in the world, of the vendors that a story is about. */
function readingsOf({ readings }: Story, vendors: ReadonlySet<string>): string {
  const { hype, ...hapana } = readings
  const shown = {
    ...(vendors.has('hapana') ? hapana : {}),
    ...(vendors.has('hype') ? (hype as object) : {}),
  }
  return Object.entries(shown)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(' ')
}

type Seen = { story: Story; isAbout: boolean; isMany: boolean }

function linesOf(arrival: Arrival, { story, isAbout, isMany }: Seen): string[] {
  const { message, at, copy, answer, stamp } = arrival
  const { truth } = message
  const stamped =
    stamp === undefined || Math.abs(stamp - at) < 5000 ? '' : `, stamped ${timeOf(stamp)}`
  const id = arrival.headers['x-hapana-delivery']
  const delivery = id === undefined ? '' : `, x-hapana-delivery ${id}`
  const repeat = copy > 0 ? `, repeat ${copy}` : ''
  const happened = Math.abs(message.at - at) < 5000 ? '' : ` at ${timeOf(message.at)}`
  const kinds = truth.kinds ? ` kind=${truth.kinds.join('/')}` : ''
  const who = isMany ? `${message.contact}: ` : ''
  const told = story.delivered.filter((one) => isOf(one, arrival))
  return [
    `${isAbout ? '▶' : ' '} ${timeOf(at)} ${who}${message.type} ${factsOf(message.body)}${stamped}${delivery}${repeat}`,
    `      true: ${truth.what}${happened}${kinds}${truth.amount ? ` amount=${truth.amount}` : ''}; answered ${answer?.status} ${answer?.id}`,
    ...told.map((one) => `      → ${one.target} at ${timeOf(one.at)}: ${claimOf(one)}`),
  ]
}

/** What a target got of an arrival: its event, and what was concluded from it. */
function isOf({ event }: Delivered, { answer }: Arrival): boolean {
  if (answer === undefined || answer.status === 'duplicate') return false
  if (event.id === answer.id) return true
  return (
    event.data.corrects === answer.id ||
    (event.type.endsWith('plan_changed') && event.data.inference?.evidence?.[0] === answer.id)
  )
}

/** The facts of a body that claims rest on. */
function factsOf(body: Record<string, unknown>): string {
  const data = (body.data ?? {}) as Record<string, unknown>
  const all: Record<string, unknown> = { ...body, ...data }
  const names = [
    'source',
    'tier',
    'billing_interval',
    'recurring',
    'total',
    'whitelisted',
    'billing_end',
    'final_payment',
    'trial_end',
  ]
  const hapana = [
    'siteID',
    'email',
    'status',
    'packageName',
    'amount',
    'joinDate',
    'checkInTime',
    'checkInStatus',
    'sessionID',
    'fobNumber',
    'messageId',
    'communicationType',
  ]
  const isTime = (value: unknown) => typeof value === 'number' && value > 1e9 && value < 4e9
  return [...names, ...hapana]
    .filter((name) => all[name] !== undefined && all[name] !== false && all[name] !== '')
    .map(
      (name) =>
        `${name}=${isTime(all[name]) ? timeOf(Number(all[name]) * 1000) : String(all[name])}`,
    )
    .join(' ')
}

function claimOf({ event }: Delivered): string {
  const { type, data, late, possibleduplicate, personid } = event
  const { inference, payment, reason, refund, checkin, membership, was, is } = data as Record<
    string,
    Record<string, unknown> | undefined
  >
  const parts = [
    ...[
      payment?.kind && `kind=${payment.kind}`,
      reason && `reason=${reason}`,
      refund && `refund=${JSON.stringify(refund)}`,
    ],
    ...[
      checkin?.first && 'first',
      membership && `status=${membership.status} previous=${membership.previous_status}`,
    ],
    ...[
      is && `was ${JSON.stringify(was)} is ${JSON.stringify(is)}`,
      late && 'late',
      possibleduplicate && 'possibleduplicate',
    ],
    inference &&
      `(${inference.confidence}: ${(inference.basis as string[] | undefined)?.join(', ')})`,
    personid,
  ]
  return [type, ...parts.filter((part) => part)].join(' ')
}

const timeOf = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
