// A source: one configured sender.
import type { Credentials } from '../intake/proof.ts'
import type { DateFormat } from './time.ts'

/** What is configured for a place: how it writes times, and its currency. */
export type SiteSettings = {
  timezone?: string | undefined
  currency?: string | undefined
  dateFormat?: DateFormat | undefined
}

/** What a vendor's mapping may know of its source. Never a secret. */
export type SourceSettings = SiteSettings & { sites: Record<string, SiteSettings> }

export type Source<Vendor extends string = string> = {
  name: string
  vendor: Vendor
  credentials: Credentials
  settings: SourceSettings
}

/** The settings of one site: its own where they are configured, else the source's. */
export function settingsForSite(
  settings: SourceSettings,
  siteId: string | undefined,
): SiteSettings {
  const site =
    siteId !== undefined && Object.hasOwn(settings.sites, siteId) ? settings.sites[siteId] : {}
  return {
    timezone: site?.timezone ?? settings.timezone,
    currency: site?.currency ?? settings.currency,
    dateFormat: site?.dateFormat ?? settings.dateFormat,
  }
}
