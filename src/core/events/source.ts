// A source: one configured sender.
import type { Credentials } from '../intake/authenticate.ts'
import type { DateFormat } from './time.ts'

/** The settings of one site: time zone, date format and currency. */
export type SiteSettings = {
  timezone?: string | undefined
  currency?: string | undefined
  dateFormat?: DateFormat | undefined
}

/** The settings of a source that a vendor's mapping gets. They contain no secret. */
export type SourceSettings = SiteSettings & { sites: Record<string, SiteSettings> }

export type Source<Vendor extends string = string> = {
  name: string
  vendor: Vendor
  credentials: Credentials
  settings: SourceSettings
}

/** The settings of a site, each with the source's setting as its default. */
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
