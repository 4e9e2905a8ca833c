// How numbers and times are said.

/** A time of today as `09:12`, another with its date, in UTC. `at`: RFC 3339. */
export function clockTime(at: string, now: number): string {
  const [date = '', time = ''] = at.split('T')
  const today = new Date(now).toISOString().slice(0, 10)
  const clock = time.slice(0, 5)
  return date === today ? `${clock} UTC` : `${date} ${clock} UTC`
}

/** A number of things, in words. */
export function pluralize(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`
}

/** What came of an attempt, in words. `ms`: how long it took. */
export function describeAnswer(
  name: string,
  { status, error, ms }: { status?: number | undefined; error?: string | undefined; ms: number },
): string {
  const came = status === undefined ? `could not be reached (${error})` : `answered ${status}`
  return `${name} ${came} after ${ms} ms`
}
