// Addresses of the console's lists: what is asked for stands in them, so that they can be shared.

/** A path with a query; what is undefined or empty is left out. */
export function linkTo(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(given as [string, string][]).toString()
  return text === '' ? path : `${path}?${text}`
}
