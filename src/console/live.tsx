// A part of a page that updates itself; without a script it stays as it was loaded.
import type { Child } from 'hono/jsx'

/** Fetches its own part of the page at `url` every few seconds, and updates what has changed. */
export function Live({
  id,
  url,
  seconds,
  children,
}: {
  id: string
  url: string
  seconds: number
  children?: Child
}) {
  return (
    <div
      id={id}
      hx-get={url}
      hx-trigger={`every ${seconds}s`}
      hx-select={`#${id}`}
      hx-swap="outerMorph"
    >
      {children}
    </div>
  )
}
