// `login`, `logout`, `use`, `profiles`: the relays that a person uses, and their tokens.
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { isLoopback } from '../../../../core/loopback.ts'
import { UserError } from '../../../user-error.ts'
import { answerOf, apiAt } from '../../client.ts'
import { printList } from '../../columns.ts'
import { print } from '../../output.ts'
import { profileOf, profilesFile, readProfiles, writeProfiles } from '../../profiles.ts'
import { originOf, usable } from '../../which-relay.ts'

/** The name of the relay of this machine among the profiles. */
const LOCAL = 'local'

/** The command. */
export function loginCommand(): Command {
  return new Command('login')
    .description('remember a relay and its token, and use it from now on')
    .argument('<url>', 'URL of the relay')
    .option('--name <name>', 'name of the profile (default: the host name)')
    .addHelpText(
      'after',
      `\nThe token is asked for, or read from RELAY_TOKEN or from standard input. It is kept in ${profilesFile()}.`,
    )
    .action(async (url: string, { name }: { name?: string }, command: Command) => {
      const origin = originOf(url, 'The URL')
      const { hostname, protocol } = new URL(origin)
      if (protocol === 'http:' && !isLoopback(hostname))
        throw new UserError(`The token would be sent to ${origin} in the clear: use https://.`)
      const profile = name ?? hostname
      if (profile === LOCAL || profile === '')
        throw new UserError(`A profile cannot be named "${profile}": pass another --name.`)
      const token = usable(await readToken(), 'What was entered')
      await answerOf(apiAt(origin, token).attention.$get())
      const { profiles } = readProfiles()
      writeProfiles({
        current: profile,
        profiles: { ...profiles, [profile]: { url: origin, token } },
      })
      print(command, { profile, url: origin }, () => `Commands now use ${profile} (${origin}).`)
    })
}

/** The command. */
export function logoutCommand(): Command {
  return new Command('logout')
    .description('forget a relay and its token')
    .argument('[profile]', 'name of the profile (default: the current one)')
    .action((name: string | undefined, _options, command: Command) => {
      const known = readProfiles()
      const which = name ?? known.current
      if (which === undefined) throw new UserError('No profile is in use: name one.')
      profileOf(known, which)
      const { [which]: _, ...profiles } = known.profiles
      writeProfiles({ current: known.current === which ? undefined : known.current, profiles })
      print(command, { profile: which }, () => `${which} is forgotten. Its token is still valid.`)
    })
}

/** The command. */
export function useCommand(): Command {
  return new Command('use')
    .description('use another profile from now on')
    .argument('<profile>', `name of the profile, or "${LOCAL}" for the relay of this machine`)
    .action((name: string, _options, command: Command) => {
      const known = readProfiles()
      if (name !== LOCAL) profileOf(known, name)
      writeProfiles({ ...known, current: name === LOCAL ? undefined : name })
      print(command, { profile: name }, () => `Commands now use ${name}.`)
    })
}

/** The command. */
export function profilesCommand(): Command {
  return new Command('profiles')
    .description('list the profiles, without their tokens')
    .action((_options, command: Command) => {
      const { current, profiles } = readProfiles()
      const items = [
        ...Object.entries(profiles).map(([name, { url }]) => ({ name, url })),
        { name: LOCAL, url: 'this machine' },
      ].map((one) => ({ ...one, current: one.name === (current ?? LOCAL) }))
      printList(command, {
        name: 'profiles',
        items,
        none: '',
        columns: [
          { name: 'profile', value: ({ name }) => name },
          { name: 'relay', value: ({ url }) => url },
          { name: 'in use', value: ({ current }) => (current ? 'yes' : '') },
        ],
      })
    })
}

/** The token: RELAY_TOKEN, else what is piped in, else what is typed without being shown. */
async function readToken(): Promise<string> {
  if (process.env.RELAY_TOKEN) return process.env.RELAY_TOKEN
  if (!process.stdin.isTTY) {
    const piped = (await text(process.stdin)).trim()
    if (piped !== '') return piped
    throw new UserError('Missing token: pipe it in, or set RELAY_TOKEN.')
  }
  process.stderr.write('Token (ADMIN_TOKEN or VIEWER_TOKEN of the relay): ')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  const typed = await terminal.question('')
  terminal.close()
  process.stderr.write('\n')
  return typed.trim()
}
