// Deliveries that wait for an attempt, as SQL: how one becomes due, and how the sweep finds it.

/**
 * The assignments that make a delivery due which was not. Its note of the sweep (`swept`) is no longer null: so it is known to
 * the sweep, whenever its event was received.
 */
export const BECOMES_DUE =
  "state = CASE WHEN attempt = 1 THEN 'pending' ELSE 'retrying' END, swept = COALESCE(swept, 0)"

/** The condition of deliveries that wait for an attempt. */
export const IS_WAITING = "state IN ('pending', 'retrying')"
