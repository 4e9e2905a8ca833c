// The seam for outbound bodies. A format is a file that turns an event into a request's body: pure, deterministic.
import type { Rendered } from '../core/deliveries/delivery.ts'
import type { RelayEvent } from '../core/events/event.ts'
import type { RawBody } from '../core/intake/request.ts'

export interface Format {
  readonly id: string
  /** Whether it needs the vendor's own bytes, which are loaded only then. */
  readonly needsRaw: boolean
  /** `event` holds only what the target may see; the same event gives the same body. Throws when none can be made. */
  render(event: RelayEvent, raw: RawBody | undefined, rawContentType: string | undefined): Rendered
}
