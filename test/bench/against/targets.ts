// The targets of both builds.

export const TARGETS = ['crm', 'finance']

/** The targets as a variable of the Worker, by their URLs: signed, like most. */
export function targetsAt(urls: Record<string, string>) {
  return TARGETS.map((name) => ({ name, url: urls[name], secret: 'EXAMPLE_SIGNING_SECRET' }))
}
