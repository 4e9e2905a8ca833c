// The frame of every page: navigation, the operator, and a notice.
import type { Child } from 'hono/jsx'

/** The pages, in the order of the navigation. */
const PAGES: [path: string, name: string][] = [
  ['/console', 'Overview'],
  ['/console/events', 'Events'],
  ['/console/deliveries', 'Deliveries'],
  ['/console/targets', 'Targets'],
  ['/console/replays', 'Replays'],
  ['/console/quarantine', 'Quarantine'],
  ['/console/people', 'People'],
  ['/console/simulate', 'Simulate'],
  ['/console/set-up', 'Set-up'],
]

/** The result of an act: what was done, or why it was refused. */
export type Notice = { kind: 'done' | 'refused'; text: string }

/**
 * The path of a page, who is signed in (undefined on the sign-in page) and whether only to read, and a notice to show.
 */
type Frame = {
  path: string
  who?: string | undefined
  isReadOnly?: boolean
  notice?: Notice | undefined
}

/** A page as HTML. */
export function pageOf(title: string, frame: Frame, content: Child): string {
  return `<!doctype html>${(
    <Page title={title} frame={frame}>
      {content}
    </Page>
  )}`
}

// No inline styles and no history snapshots of htmx: the content security policy forbids the first.
const HTMX_CONFIG = 'includeIndicatorCSS:false history:false'

function Page({ title, frame, children }: { title: string; frame: Frame; children?: Child }) {
  const { path, who, isReadOnly = false, notice } = frame
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <title>{`${title} · Membership Relay`}</title>
        <link rel="icon" href="/console/assets/icon.svg" />
        <link rel="stylesheet" href="/console/assets/pico.css" />
        <link rel="stylesheet" href="/console/assets/console.css" />
        <script src="/console/assets/htmx.js" defer />
        <script src="/console/assets/console.js" defer />
      </head>
      <body data-read-only={isReadOnly ? '' : undefined}>
        <header>
          <a class="skip" href="#content">
            Skip to content
          </a>
          <strong>Membership Relay</strong>
          {who !== undefined && <Navigation path={path} />}
          {who !== undefined && (
            <div class="who">
              <span>
                {who}
                {isReadOnly && ', read only'}
              </span>
              <form method="post" action="/console/sign-out">
                <button type="submit">Sign out</button>
              </form>
            </div>
          )}
        </header>
        <main id="content">
          <h1>{title}</h1>
          {notice !== undefined && <NoticeLine {...notice} />}
          {children}
        </main>
      </body>
    </html>
  )
}

function Navigation({ path }: { path: string }) {
  const isWithin = (page: string) =>
    page === '/console' ? path === page : path === page || path.startsWith(`${page}/`)
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map(([page, name]) => (
          <li data-change={page === '/console/simulate' ? '' : undefined}>
            <a href={page} aria-current={isWithin(page) ? 'page' : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function NoticeLine({ kind, text }: Notice) {
  return (
    <p
      class={kind === 'done' ? 'notice' : 'notice bad'}
      role={kind === 'done' ? 'status' : 'alert'}
    >
      {text}
    </p>
  )
}
