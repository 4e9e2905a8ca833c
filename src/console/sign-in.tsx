// The sign-in page.
import { type Notice, pageOf } from './layout.tsx'

/** The page. `to`: the path of the console to open after signing in. */
export function signInPage(to: string, notice?: Notice): string {
  return pageOf(
    'Sign in',
    { path: '/console/sign-in', notice },
    <form class="narrow" method="post" action="/console/sign-in">
      <label>
        Token
        <input
          type="password"
          name="token"
          required
          autofocus
          autocomplete="current-password"
          aria-describedby="token-help"
        />
        <small id="token-help">
          The ADMIN_TOKEN, or the VIEWER_TOKEN to read only. Locally they are in .dev.vars, deployed
          they are secrets.
        </small>
      </label>
      <input type="hidden" name="to" value={to} />
      <button type="submit">Sign in</button>
    </form>,
  )
}
