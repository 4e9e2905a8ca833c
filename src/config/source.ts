// One table of SOURCES → a source with its secrets.
import type * as v from 'valibot'
import type { SiteSettings, Source } from '../core/events/source.ts'
import type { VendorId } from '../vendors/index.ts'
import { type ConfigIssue, shownKey, validate } from './issues.ts'
import { SourceInput, type siteEntries } from './schema.ts'
import { readSecrets, type SecretReader } from './secrets.ts'

/**
 * The source that a table configures; `disabled` if it is switched off, undefined if it is invalid: its problems are
 * added to `errors`.
 */
export function readSource(
  path: string,
  value: unknown,
  secretOf: SecretReader,
  errors: ConfigIssue[],
): Source<VendorId> | 'disabled' | undefined {
  const input = validate(SourceInput, path, value, errors)
  if (input === undefined) return undefined
  if (!input.enabled) return 'disabled'
  const before = errors.length
  const secrets = readSecrets(`${path}.secret`, input.secret, secretOf, errors)
  const signingSecrets = readSecrets(
    `${path}.signing_secret`,
    input.signing_secret,
    secretOf,
    errors,
  )
  if (errors.length > before) return undefined
  const sites = Object.entries(input.sites).map(([id, site]): [string, SiteSettings] => [
    id,
    settings(site),
  ])
  return {
    name: input.name,
    vendor: input.vendor,
    credentials: {
      secrets,
      header: input.header,
      signingSecrets,
      toleranceSeconds: input.tolerance_seconds,
    },
    settings: { ...settings(input), sites: Object.fromEntries(sites) },
  }
}

const FIXED_OFFSET =
  'is ahead of UTC where it has a minus, and has no daylight saving; name a place, such as Australia/Brisbane'

/** Settings of a valid source that may be a mistake. */
export function sourceNotes(path: string, { settings }: Source): ConfigIssue[] {
  const all = [['', settings] as const, ...Object.entries(settings.sites)]
  return all.flatMap(([site, { timezone }]) =>
    timezone !== undefined && /^etc\/gmt[+-]/i.test(timezone)
      ? [
          {
            path: `${path}${site === '' ? '' : `.sites.${shownKey(site)}`}.timezone`,
            message: FIXED_OFFSET,
          },
        ]
      : [],
  )
}

function settings(
  input: v.InferOutput<v.ObjectSchema<typeof siteEntries, undefined>>,
): SiteSettings {
  return { timezone: input.timezone, currency: input.currency, dateFormat: input.date_format }
}
