// A part of a page that keeps itself up to date; without a script it is as it was.
import type { Child } from 'hono/jsx'

/** Asks for its own part of a page every few seconds, and changes what is different. */
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
