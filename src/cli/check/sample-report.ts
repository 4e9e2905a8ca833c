// `check --sample`: what each target would get for an example of each event type, rendered by the Worker's own code.
import { type Config, type ConfiguredTarget, isBrokenSource } from '../../config.ts'
import type { Rendered } from '../../core/deliveries/delivery.ts'
import { deliveryHeaders } from '../../core/deliveries/headers.ts'
import { matchesType, route } from '../../core/deliveries/routing.ts'
import { type BrokenTarget, isBroken } from '../../core/deliveries/target.ts'
import { contentTypeFor, renderFor } from '../../formats/index.ts'
import { UserError } from '../user-error.ts'
import { type Sample, samplesOf } from './samples.ts'

/** How much of a body is shown: one line if all types are shown, a page if one type was asked for. */
const LINE_CHARACTERS = 300
const PAGE_LINES = 80
const PAGE_COLUMNS = 160

/** What to show; all types, or all targets, where it is undefined. */
type Selection = { type: string | undefined; target: string | undefined }

/**
 * The samples as text, and how many expressions failed. `now` in epoch milliseconds. Throws a UserError for a type or a
 * target that does not exist.
 */
export async function showSamples(
  config: Config,
  selection: Selection,
  now: number,
): Promise<{ text: string; failures: number }> {
  const targets = selectTargets(config, selection)
  const results = await Promise.all(
    selectSamples(config, selection, now).map(async ({ event, raw }) => ({
      title: `${event.type}  from ${event.relaysource}`,
      shown: await Promise.all(
        targets.map((target) => show({ event, raw }, target, now, selection.type !== undefined)),
      ),
    })),
  )
  const blocks = results.map(({ title, shown }) =>
    [title, ...shown.flatMap(({ lines }) => lines)].join('\n'),
  )
  return {
    text: `SAMPLES (example data; nothing was sent)\n\n${blocks.join('\n\n') || 'No source is usable.'}\n${zonesNote(config)}`,
    failures: results.flatMap(({ shown }) => shown).filter(({ failed }) => failed).length,
  }
}

/** Whose rules the local times of the samples were converted by. */
function zonesNote({ sources }: Config): string {
  const settings = [...sources.values()].flatMap((source) =>
    isBrokenSource(source) ? [] : [source.settings, ...Object.values(source.settings.sites)],
  )
  if (settings.every(({ timezone }) => timezone === undefined || timezone === 'UTC')) return ''
  return `
Local times are converted by the time zones of this Node (tzdata ${process.versions.tz}). The Worker has those of Cloudflare,
which may be newer or older: where the rules of a zone have changed lately, it may convert otherwise.
`
}

function selectTargets({ targets }: Config, { target }: Selection): Config['targets'] {
  const selected = targets.filter(({ name }) => target === undefined || name === target)
  if (target !== undefined && selected.length === 0)
    throw new UserError(`wrangler.toml has no target "${target}".`)
  return selected
}

function selectSamples({ sources }: Config, { type }: Selection, now: number): Sample[] {
  const all = [...sources.values()].flatMap((source) =>
    isBrokenSource(source) ? [] : samplesOf(source, now),
  )
  const selected = all.filter(({ event }) => type === undefined || event.type === type)
  if (type !== undefined && selected.length === 0) {
    const types = [...new Set(all.map(({ event }) => event.type))].join(', ') || 'none'
    throw new UserError(`There is no sample of event type "${type}". Available types: ${types}.`)
  }
  return selected
}

type Shown = { lines: string[]; failed: boolean }

/** What one target would get. */
async function show(
  sample: Sample,
  target: ConfiguredTarget | BrokenTarget,
  now: number,
  isPage: boolean,
): Promise<Shown> {
  const line = (text: string, failed = false) => ({ lines: [`  ${target.name}: ${text}`], failed })
  const [delivery] = await route(sample.event, [target], now)
  if (delivery === undefined) return line(`not sent: does not match "${exclusion(sample, target)}"`)
  if (isBroken(target)) return line('held until the configuration of the target is fixed')
  if (delivery.reason === 'where')
    return line(`"where" fails: ${await whereError(sample, target)}`, true)
  const { event, raw } = sample
  try {
    const rendered = await renderFor(target, event, raw, 'application/json')
    const { body, headers } = rendered
    const held = delivery.state === 'held' ? ', held until the target is enabled' : ''
    const details = [
      headerNames(target, event, now, headers).join(', '),
      ...(isPage ? page(body) : [cut(excerpt(body), LINE_CHARACTERS)]),
    ]
    return {
      lines: [
        `  ${target.name}: ${contentTypeFor(target, rendered)}, ${body.length} characters${held}`,
        ...details.map((detail) => `    ${detail}`),
      ],
      failed: false,
    }
  } catch (error) {
    const setting = target.transform === undefined ? `format "${target.format}"` : '"transform"'
    return line(`${setting} fails: ${errorText(error)}`, true)
  }
}

/** The setting of a target that excludes an event. Whether it is excluded is decided by `route`. */
function exclusion({ event }: Sample, target: ConfiguredTarget | BrokenTarget): string {
  if (!target.events.some((pattern) => matchesType(pattern, event.type))) return 'events'
  if (target.sources && !target.sources.includes(event.relaysource)) return 'sources'
  return 'where'
}

/** Why `where` fails: `route` only reports that it does. */
async function whereError({ event }: Sample, { where }: ConfiguredTarget): Promise<string> {
  try {
    await where?.(event)
    return 'the error did not occur again'
  } catch (error) {
    return errorText(error)
  }
}

/** An error in full, which is safe to print: samples contain no personal data. */
function errorText(error: unknown): string {
  const { message, code, position } = error as {
    message?: string
    code?: string
    position?: number
  }
  const place = position === undefined ? '' : ` at position ${position}`
  const details = code === undefined ? '' : ` (${code}${place})`
  return `${cut(String(message ?? error), LINE_CHARACTERS)}${details}`
}

/** The names of the headers of a first attempt, in lower case. Their values may be secret. */
export function headerNames(
  target: ConfiguredTarget,
  { id, test }: { id: string; test?: true },
  now: number,
  headers: Rendered['headers'] = {},
): string[] {
  const request = { event: id, attempt: 1, at: now, hops: 0, isTest: test === true, version: '' }
  return [
    ...deliveryHeaders({ ...request, sent: { digest: 'any', format_headers: headers } }).map(
      ([name]) => name,
    ),
    ...(target.secrets.length > 0 ? ['webhook-signature'] : []),
    ...target.headers.map(([name]) => name.toLowerCase()),
  ]
}

/** A CloudEvent from its data on: the attributes before it are alike. Any other body as it is. */
function excerpt(body: string): string {
  const start = body.startsWith('{"specversion"') ? body.indexOf('"data":') : 0
  return start > 0 ? `…${body.slice(start)}` : body
}

/** A body in lines, JSON indented, cut to a page. */
function page(body: string): string[] {
  const lines = indented(body).split('\n')
  const shown = lines.slice(0, PAGE_LINES).map((line) => cut(line, PAGE_COLUMNS))
  const rest = lines.length - shown.length
  return rest > 0 ? [...shown, `… ${rest} more lines`] : shown
}

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}

/** One line of at most `length` characters, without control characters, which could change the terminal. */
function cut(text: string, length: number): string {
  const line = text.replaceAll(/[\p{Cc}]/gu, ' ')
  return line.length > length ? `${line.slice(0, length)}…` : line
}
