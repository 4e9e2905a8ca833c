// A source: one configured sender.
import type { DateFormat } from './time.ts'

/** What is configured for a place: how it writes times, and its currency. */
export type SiteSettings = {
  timezone?: string | undefined
  currency?: string | undefined
  dateFormat?: DateFormat | undefined
}

/** What a vendor's mapping may know of its source. Never a secret. */
export type SourceSettings = SiteSettings & { sites: Record<string, SiteSettings> }

/** What a source must be shown; every part that is configured must hold. */
export type Credentials = {
  /** Values of which one must stand in `header`, or in `?key=` when no header is configured. */
  secrets: string[]
  header: string | undefined
  /** Values of which one must have signed the body, by the vendor's scheme. */
  signingSecrets: string[]
  toleranceSeconds: number
}

export type Source<Vendor extends string = string> = {
  name: string
  vendor: Vendor
  credentials: Credentials
  settings: SourceSettings
}

/** The settings of one site: its own where they are configured, else the source's. */
export function settingsAt(settings: SourceSettings, siteId: string | undefined): SiteSettings {
  const site =
    siteId !== undefined && Object.hasOwn(settings.sites, siteId) ? settings.sites[siteId] : {}
  return {
    timezone: site?.timezone ?? settings.timezone,
    currency: site?.currency ?? settings.currency,
    dateFormat: site?.dateFormat ?? settings.dateFormat,
  }
}
