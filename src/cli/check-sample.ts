// `npm run check -- --sample`: what each target would get for made-up messages of each type, by the Worker's own code.
import { type Config, type ConfiguredTarget, isBrokenSource } from '../config.ts'
import { matchesType, route } from '../core/deliveries/routing.ts'
import { type BrokenTarget, isBroken } from '../core/deliveries/target.ts'
import { renderFor } from '../formats/index.ts'
import { type Sample, samplesOf } from './samples.ts'
import { UserError } from './user-error.ts'

/** What is shown of a body: a line of it when all are shown, a page when one type is asked for. */
const LINE_CHARACTERS = 300
const PAGE_LINES = 80
const PAGE_COLUMNS = 160

/** The samples as text, and how often an expression failed on one. `now` in epoch milliseconds. */
export async function showSamples(
  config: Config,
  wanted: { type: string | undefined; target: string | undefined },
  now: number,
): Promise<{ text: string; failures: number }> {
  const targets = config.targets.filter(
    ({ name }) => wanted.target === undefined || name === wanted.target,
  )
  if (wanted.target !== undefined && targets.length === 0)
    throw new UserError(`There is no target "${wanted.target}" in wrangler.toml.`)
  const all = [...config.sources.values()].flatMap((source) =>
    isBrokenSource(source) ? [] : samplesOf(source, now),
  )
  const samples = all.filter(({ event }) => wanted.type === undefined || event.type === wanted.type)
  if (samples.length === 0) {
    const types = [...new Set(all.map(({ event }) => event.type))].join(', ') || 'none'
    throw new UserError(`There is no sample of "${wanted.type}". There are: ${types}.`)
  }
  const shown = await Promise.all(
    samples.flatMap((sample, i) =>
      targets.map(async (target) => ({
        i,
        ...(await show(sample, target, now, wanted.type !== undefined)),
      })),
    ),
  )
  const blocks = samples.map(({ event }, i) => {
    const lines = shown.filter((one) => one.i === i).flatMap((one) => one.lines)
    return [`${event.type}  from ${event.relaysource}`, ...lines].join('\n')
  })
  const text = `SAMPLES (made up; nothing was sent)\n\n${blocks.join('\n\n')}\n`
  return { text, failures: shown.filter(({ failed }) => failed).length }
}

type Shown = { lines: string[]; failed: boolean }

/** What one target would get. */
async function show(
  sample: Sample,
  target: ConfiguredTarget | BrokenTarget,
  now: number,
  isPage: boolean,
): Promise<Shown> {
  const said = (text: string, failed = false) => ({ lines: [`  ${target.name}: ${text}`], failed })
  const [planned] = await route(sample.event, [target], now)
  if (planned === undefined) return said(`not wanted, by ${whyNot(sample, target)}`)
  if (isBroken(target)) return said('held until the target is mended')
  if (planned.reason === 'where') return said(`where fails: ${await faultOf(sample, target)}`, true)
  const { event, raw } = sample
  try {
    const { contentType, body } = await renderFor(target, event, raw, 'application/json')
    const held = planned.state === 'held' ? ', held until the target is enabled' : ''
    const head = `  ${target.name}: ${contentType}, ${body.length} characters${held}`
    const lines = isPage ? page(body) : [cut(gist(body), LINE_CHARACTERS)]
    return {
      lines: [
        head,
        `    ${headerNames(target, event).join(', ')}`,
        ...lines.map((l) => `    ${l}`),
      ],
      failed: false,
    }
  } catch (error) {
    const maker = target.transform === undefined ? `format ${target.format}` : 'transform'
    return said(`${maker} fails: ${inWords(error)}`, true)
  }
}

/** Which key of a target keeps an event from it. The decision itself is the Worker's. */
function whyNot({ event }: Sample, target: ConfiguredTarget | BrokenTarget): string {
  if (!target.events.some((pattern) => matchesType(pattern, event.type))) return 'events'
  if (target.sources && !target.sources.includes(event.relaysource)) return 'sources'
  return 'where'
}

async function faultOf({ event }: Sample, { where }: ConfiguredTarget): Promise<string> {
  try {
    await where?.(event)
    return 'only sometimes'
  } catch (error) {
    return inWords(error)
  }
}

/** An error with all that it says: nobody's data are in a sample. */
function inWords(error: unknown): string {
  const { message, code, position } = error as {
    message?: string
    code?: string
    position?: number
  }
  const place = code === undefined ? '' : ` (${code} at ${position ?? 'an unknown place'})`
  return `${cut(String(message ?? error), LINE_CHARACTERS)}${place}`
}

/** The names of the headers that an attempt sends (stages/deliveries/attempt.ts). Their values may be secret. */
export function headerNames(target: ConfiguredTarget, event: { test?: true }): string[] {
  return [
    'content-type',
    'content-digest',
    'user-agent',
    'webhook-id',
    'webhook-timestamp',
    ...(target.secrets.length > 0 ? ['webhook-signature'] : []),
    'relay-attempt',
    'relay-hops',
    ...(event.test ? ['relay-test'] : []),
    ...target.headers.map(([name]) => name.toLowerCase()),
  ]
}

/** A CloudEvent from its data on: before that, all are alike. */
function gist(body: string): string {
  const start = body.startsWith('{"specversion"') ? body.indexOf('"data":') : 0
  return start > 0 ? `…${body.slice(start)}` : body
}

/** JSON in lines; anything else as it is. */
function page(body: string): string[] {
  const lines = indented(body).split('\n')
  const shown = lines.slice(0, PAGE_LINES).map((line) => cut(line, PAGE_COLUMNS))
  const rest = lines.length - shown.length
  return rest > 0 ? [...shown, `… and ${rest} lines more`] : shown
}

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}

function cut(text: string, length: number): string {
  const line = text.replaceAll(/[\p{Cc}]/gu, ' ')
  return line.length > length ? `${line.slice(0, length)}…` : line
}
