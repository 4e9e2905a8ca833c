// `open`: the console page of an event, a person or a target, in the browser.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { Command } from 'commander'
import { EVENT_ID_PATTERN, PERSON_ID_PATTERN, REPLAY_ID_PATTERN } from '../../../../core/id.ts'
import type { GlobalOptions } from '../../client.ts'
import { print } from '../../output.ts'
import { relayOf } from '../../which-relay.ts'

/** Pages of the console by their names. */
const PAGES = [
  'overview',
  'events',
  'deliveries',
  'people',
  'targets',
  'replays',
  'quarantine',
  'ledger',
]

/** The command. */
export function openCommand(): Command {
  return new Command('open')
    .description('open the console, at an event, a person, a target or a page')
    .argument('[what]', `evt_…, per_…, a target, or one of: ${PAGES.join(', ')}`)
    .option('--print', 'only print the URL')
    .action((what: string | undefined, options: { print?: true }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const url = new URL(pathOf(what), relayOf(globals).origin).href
      print(command, { url }, () => url)
      if (!options.print && !globals.json) openInBrowser(url)
    })
}

/** The path of the console's page about something. */
export function pathOf(what: string | undefined): string {
  if (what === undefined || what === 'overview') return '/console'
  if (EVENT_ID_PATTERN.test(what)) return `/console/events/${what}`
  if (PERSON_ID_PATTERN.test(what)) return `/console/people/${what}`
  if (REPLAY_ID_PATTERN.test(what)) return '/console/replays'
  return PAGES.includes(what)
    ? `/console/${what}`
    : `/console/deliveries?target=${encodeURIComponent(what)}`
}

/** Opens a URL as the desktop does. Where there is none, the printed URL is all. */
function openInBrowser(url: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url]
  if (program === undefined) return
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
