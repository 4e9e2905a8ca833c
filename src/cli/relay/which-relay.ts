// Which relay a command asks, and with which token. A profile and its token belong together: RELAY_TOKEN never goes to the
// relay of a profile, and the token of a profile to no other relay.
import process from 'node:process'
import { isLoopback } from '../../core/loopback.ts'
import { readEnvFile } from '../project.ts'
import { UserError } from '../user-error.ts'
import { profileOf, readProfiles } from './profiles.ts'

/** The options that choose a relay. */
export type RelayOptions = { url?: string; profile?: string }

/** A relay: the origin of its URL, and the token for it. */
type Relay = { origin: string; token: string }

const LOCAL_URL = 'http://127.0.0.1:8787'

/** Visible ASCII. A header with anything else would be refused with an error that contains the token. */
const TOKEN = /^[\x21-\x7e]+$/

/**
 * The relay that the options name, else RELAY_URL, else that of the current profile, else the one of this machine. Throws a
 * UserError for a URL, a profile or a token that cannot be used.
 */
export function relayOf({ url, profile }: RelayOptions): Relay {
  if (url !== undefined && profile !== undefined)
    throw new UserError('Pass --url or --profile, not both.')
  const named = url ?? (profile === undefined ? process.env.RELAY_URL || undefined : undefined)
  if (named !== undefined)
    return relayAt(originOf(named, url === undefined ? 'RELAY_URL' : '--url'))
  const profiles = readProfiles()
  const name = profile ?? profiles.current
  if (name === undefined) return relayAt(LOCAL_URL)
  const { url: origin, token } = profileOf(profiles, name)
  return { origin, token: usable(token, `The token of the profile ${name}`) }
}

/** The origin of a URL that was given by an option or a variable. Throws a UserError if it is not one of a relay. */
export function originOf(url: string, name: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UserError(`${name} must start with https:// or http://, not "${url}".`)
  return new URL(url).origin
}

/** A token as it may stand in a header. Throws a UserError that does not contain it. */
export function usable(token: string, name: string): string {
  if (TOKEN.test(token)) return token
  throw new UserError(
    `${name} is not a valid token: it contains spaces, line breaks or non-ASCII characters.`,
  )
}

/** With RELAY_TOKEN, or with what this machine has for it: a profile, or `.dev.vars` for a local relay. */
function relayAt(origin: string): Relay {
  const given = process.env.RELAY_TOKEN
  if (given) return { origin, token: usable(given, 'RELAY_TOKEN') }
  const isLocal = isLoopback(new URL(origin).hostname)
  const local = isLocal ? readEnvFile('.dev.vars').ADMIN_TOKEN : undefined
  if (local) return { origin, token: usable(local, 'ADMIN_TOKEN in .dev.vars') }
  const profile = Object.values(readProfiles().profiles).find(({ url }) => url === origin)
  if (profile !== undefined)
    return { origin, token: usable(profile.token, 'The token of the profile') }
  const alternative = isLocal
    ? 'or run "npm start" once to create one'
    : `or run "relay login ${origin}"`
  throw new UserError(`No token: set RELAY_TOKEN to the relay's ADMIN_TOKEN, ${alternative}.`)
}
