// One receiver: its programs are started, get the deliveries, and their answers are judged.
import { Webhook } from 'standardwebhooks'
import type { Deliveries, Delivery, DeliveryName } from './deliveries.ts'
import { differenceOf, judge, judgeFields, type Verdict } from './judge.ts'
import { type Place, toolchainOf } from './languages.ts'
import { type Answer, type Program, SIGNING_SECRET, start } from './program.ts'
import type { Kind, Mode, Receiver } from './receiver.ts'

/** The relay sends nothing larger. */
export const LARGEST_BYTES = 1_500_000

export type Verdicts = Partial<Record<DeliveryName | 'changed' | 'largest', Verdict>>

export type Result = {
  receiver: Receiver
  defaults?: Verdicts
  recipe?: Verdicts
  /** Of a class of two fields. */
  fields?: Pick<Verdicts, 'payment' | 'structured'>
  /** The largest JSON body that its defaults give to a handler, in bytes; LARGEST_BYTES when no delivery is too large. */
  limit?: number
  /** What does not hold and should; each in a few words. */
  problems: string[]
}

/** Measures a receiver with deliveries that are fresh. Never throws: what fails is a problem of the result. */
export async function measure(
  receiver: Receiver,
  place: Place,
  deliveries: Deliveries,
): Promise<Result> {
  const result: Result = { receiver, problems: [] }
  for (const mode of toolchainOf(receiver).modesOf(receiver)) {
    const program = await startMode(receiver, place, mode).catch((error: Error) => {
      result.problems.push(`${mode}: ${error.message}`)
    })
    if (!program) continue
    try {
      await measureMode(result, mode, program, deliveries)
    } finally {
      await program.stop()
    }
  }
  return result
}

function startMode(receiver: Receiver, place: Place, mode: Mode): Promise<Program> {
  const { command, folder } = toolchainOf(receiver).programOf(receiver, place, mode)
  const path = command.path ?? receiver.path ?? '/hooks'
  return start(command, folder, { path, port: receiver.port })
}

/** Sends the deliveries of a mode to its program, and adds the verdicts and the problems to the result. */
export async function measureMode(
  result: Result,
  mode: Mode,
  program: Program,
  deliveries: Deliveries,
): Promise<void> {
  const { kind } = result.receiver
  if (mode === 'fields') return measureFields(result, program, deliveries)
  const verdicts: Verdicts = {}
  result[mode] = verdicts
  for (const name of [...GIVEN[kind], ...(mode === 'recipe' ? ONLY_RECIPE : [])]) {
    const delivery = deliveries[name]
    // An SDK makes the event of the headers and the body.
    const isEventOfHeaders = name === 'binary' && kind === 'cloudevents'
    const expected = expectedOf(isEventOfHeaders ? deliveries.payment : delivery)
    const answer = await program.send(delivery)
    verdicts[name] = kind === 'snippet' ? ofStatus(answer) : judge(answer, expected)
    const isRight = RIGHT[kind === 'framework' && mode === 'recipe' ? 'verifier' : kind]
    if (isRight(name, verdicts[name])) continue
    result.problems.push(`${mode}, ${name}: ${told(verdicts[name], answer, expected)}`)
  }
  if (kind === 'framework' && mode === 'defaults') {
    result.limit = await limitOf(program, deliveries.payment)
  }
  if (mode === 'recipe') await measureVerifying(result, program, deliveries, verdicts)
}

/** A class may get less than a map, as with another type: both verdicts are for the table. */
async function measureFields(
  result: Result,
  program: Program,
  { payment, structured }: Deliveries,
): Promise<void> {
  const verdictOf = async (delivery: Delivery) =>
    judgeFields(await program.send(delivery), expectedOf(delivery))
  const verdict = await verdictOf(payment)
  result.fields = { payment: verdict, structured: await verdictOf(structured) }
  const { fieldsRefused } = result.receiver
  if (verdict === (fieldsRefused ?? 'event')) return
  const expected = fieldsRefused ? `, not the ${fieldsRefused} that is known` : ''
  result.problems.push(`fields, payment: ${verdict}${expected}`)
}

/** A changed body has to be refused, and the largest delivery to be read. */
async function measureVerifying(
  { receiver, problems }: Result,
  program: Program,
  { payment }: Deliveries,
  verdicts: Verdicts,
): Promise<void> {
  const changed = Buffer.from(String(payment.body).replace('"payment', '"Payment'))
  const refusal = await program.send({ headers: payment.headers, body: changed })
  verdicts.changed = ofStatus(refusal)
  if (verdicts.changed !== 401) problems.push(`recipe, a changed body: ${verdicts.changed}`)
  const largest = padded(payment, LARGEST_BYTES)
  const answer = await program.send(largest)
  const expected = expectedOf(largest)
  verdicts.largest = receiver.kind === 'snippet' ? ofStatus(answer) : judge(answer, expected)
  if (verdicts.largest === 'event') return
  problems.push(
    `recipe, ${LARGEST_BYTES} bytes: ${told(verdicts.largest, answer, expected)}`.slice(0, 300),
  )
}

const ALL: DeliveryName[] = ['payment', 'checkin', 'slack', 'raw', 'two secrets', 'mail']
/** A recipe cuts the mark off, after it verified with it. Parsers of JSON may refuse it. */
const ONLY_RECIPE: DeliveryName[] = ['byte order mark']
const GIVEN: Record<Kind, DeliveryName[]> = {
  framework: [...ALL, 'structured'],
  verifier: ALL,
  snippet: ALL,
  cloudevents: ['payment', 'structured', 'binary'],
}

/** Whether a verdict is what should hold. */
const RIGHT: Record<Kind, (name: DeliveryName, verdict: Verdict) => boolean> = {
  // The mail is larger than some limits, and the type of CloudEvents is not every framework's: the table tells both.
  framework: (name, verdict) =>
    verdict === 'event' || (name === 'mail' && verdict === 413) || name === 'structured',
  verifier: (_, verdict) => verdict === 'event',
  snippet: (_, verdict) => verdict === 'event',
  cloudevents: (name, verdict) =>
    name === 'payment' || verdict === 'event' || (name === 'binary' && verdict === 'text values'),
}

/** What the handler should get: the JSON of a body, of which a byte order mark is no part. */
function expectedOf({ body }: Pick<Delivery, 'body'>): unknown {
  return JSON.parse(String(body).replace(/^\ufeff/, ''))
}

/** For a program that tells nothing. */
function ofStatus({ status, got }: Answer): Verdict {
  if (status < 200 || status > 299) return status
  return got === null ? 'nothing' : 'event'
}

function told(verdict: Verdict, { got }: Answer, expected: unknown): string {
  return verdict === 'altered' ? `altered, ${differenceOf(got, expected)}` : String(verdict)
}

/** The largest body, to the byte, of which the handler gets all. */
async function limitOf(program: Program, payment: Delivery): Promise<number> {
  let [fits, tooLarge] = [0, LARGEST_BYTES + 1]
  for (let bytes = LARGEST_BYTES; tooLarge - fits > 1; bytes = Math.floor((fits + tooLarge) / 2)) {
    const probe = padded(payment, Math.max(bytes, 200))
    const isRead = judge(await program.send(probe), expectedOf(probe)) === 'event'
    if (isRead) fits = bytes
    else tooLarge = bytes
  }
  return fits
}

/** A signed delivery of so many bytes. */
function padded({ headers }: Delivery, bytes: number): Pick<Delivery, 'headers' | 'body'> {
  const empty = JSON.stringify({ type: 'relay.test', padding: '' })
  const text = empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`)
  const id = headers['webhook-id'] ?? ''
  const at = new Date()
  const signed = {
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SIGNING_SECRET).sign(id, at, text),
  }
  return { headers: { ...headers, ...signed }, body: Buffer.from(text) }
}
