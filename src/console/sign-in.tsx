// The door: a token for a session.
import { type Notice, pageOf } from './layout.tsx'

/** The page. `to`: where to go afterwards, a path of the console. */
export function signInPage(to: string, notice?: Notice): string {
  return pageOf(
    'Sign in',
    { path: '/console/sign-in', notice },
    <form class="narrow" method="post" action="/console/sign-in">
      <label>
        ADMIN_TOKEN
        <input
          type="password"
          name="token"
          required
          autofocus
          autocomplete="current-password"
          aria-describedby="token-help"
        />
        <small id="token-help">
          The secret of that name: in .dev.vars on your machine, else what you gave "wrangler secret
          put ADMIN_TOKEN".
        </small>
      </label>
      <input type="hidden" name="to" value={to} />
      <button type="submit">Sign in</button>
    </form>,
  )
}
