// The interface of a format: how an event becomes the body of a delivery.
import type { Rendered } from '../core/deliveries/delivery.ts'
import type { RelayEvent } from '../core/events/event.ts'
import type { RawBody } from '../core/intake/request.ts'

export interface Format {
  readonly id: string
  /** Whether `render` needs the received payload, which is loaded only then. */
  readonly needsRaw: boolean
  /**
   * Renders a body, with the media type that says what it is; pure, so the same event gives the same body. `event` is
   * already without the fields that the target must not see. `raw` and `rawContentType`: the received payload, undefined
   * if deleted or not needed. Throws if the event has no body in this format.
   */
  render(event: RelayEvent, raw: RawBody | undefined, rawContentType: string | undefined): Rendered
}
