// The sign-in page.
import { type Notice, pageOf } from './layout.tsx'

/** The page. `to`: the path of the console to open after signing in. */
export function signInPage(to: string, notice?: Notice): string {
  return pageOf(
    'Sign in',
    { path: '/console/sign-in', notice },
    <form class="narrow" method="post" action="/console/sign-in">
      <label>
        Admin token
        <input
          type="password"
          name="token"
          required
          autofocus
          autocomplete="current-password"
          aria-describedby="token-help"
        />
        <small id="token-help">
          Locally: ADMIN_TOKEN in .dev.vars. Deployed: the secret of that name.
        </small>
      </label>
      <input type="hidden" name="to" value={to} />
      <button type="submit">Sign in</button>
    </form>,
  )
}
