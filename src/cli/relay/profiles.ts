// Profiles: the relays that a person uses, with their tokens, in a file that only its owner can read.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { UserError } from '../user-error.ts'

/** A relay and the token for it. */
export type Profile = { url: string; token: string }

/** All profiles by name. `current`: the one that is used when nothing else is said; undefined for the relay of this machine. */
export type Profiles = { current?: string | undefined; profiles: Record<string, Profile> }

const OWNER_ONLY = 0o600

/** Where the profiles are: $XDG_CONFIG_HOME, else ~/.config. */
export function profilesFile(): string {
  const base = process.env.XDG_CONFIG_HOME || path.join(homedir(), '.config')
  return path.join(base, 'membership-relay', 'profiles.json')
}

/** Reads the profiles; none if there is no file. Throws a UserError for a file that others can read, or that is no profiles. */
export function readProfiles(file = profilesFile()): Profiles {
  if (!existsSync(file)) return { profiles: {} }
  // Windows has no such modes.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new UserError(`${file} can be read by others: run "chmod 600 ${file}".`)
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Profiles
    const isProfile = ({ url, token }: Profile) =>
      typeof url === 'string' && typeof token === 'string'
    if (Object.values(read.profiles).every(isProfile)) return read
  } catch {
    // Reported below.
  }
  throw new UserError(`${file} is damaged: delete it and log in again.`)
}

/** Writes the profiles, at once or not at all. */
export function writeProfiles(profiles: Profiles, file = profilesFile()): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const part = `${file}.${process.pid}`
  writeFileSync(part, `${JSON.stringify(profiles, null, 2)}\n`, { mode: OWNER_ONLY })
  chmodSync(part, OWNER_ONLY)
  renameSync(part, file)
}

/** The profile with a name. Throws a UserError if there is none. */
export function profileOf({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile !== undefined) return profile
  const names = Object.keys(profiles)
  const known = names.length > 0 ? ` Profiles: ${names.join(', ')}.` : ''
  throw new UserError(
    `There is no profile "${name}".${known} Create it: relay login URL --name ${name}`,
  )
}
