// The browser of the browser tests; where there is none, a line at the end of the run reports that they were left out.
import { existsSync } from 'node:fs'

export const CHROMIUM = '/usr/bin/chromium'

/** Whether the browser tests are skipped. With REQUIRE_BROWSER=1 they run, and fail where there is no browser. */
export const IS_LEFT_OUT = !existsSync(CHROMIUM) && process.env.REQUIRE_BROWSER !== '1'

/** Vitest calls it once, after its summary. */
export function teardown(): void {
  if (!IS_LEFT_OUT) return
  console.warn(
    `The browser tests were LEFT OUT: there is no ${CHROMIUM}. Install it to run them ("apt-get install chromium"), ` +
      'or set REQUIRE_BROWSER=1 to fail without it.',
  )
}
