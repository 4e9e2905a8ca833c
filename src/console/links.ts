// URLs of the console: filters are in the query, so that links can be shared.

/** A path with a query, without the values that are undefined or empty. */
export function linkTo(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const text = new URLSearchParams(given as [string, string][]).toString()
  return text === '' ? path : `${path}?${text}`
}
