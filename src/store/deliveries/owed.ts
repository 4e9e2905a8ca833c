// What a deploy asks of the database by Wrangler, before the Worker has the new configuration.
import { IS_FRESH, IS_WATCHED } from './waiting.ts'

/** Counts the unfinished deliveries by target, as `target` and `count`. Reads only those. */
export const OWED_BY_TARGET = `SELECT target, count(*) AS count FROM (
  SELECT target FROM deliveries INDEXED BY deliveries_waiting WHERE ${IS_WATCHED}
  UNION ALL SELECT target FROM deliveries WHERE ${IS_FRESH}
  UNION ALL SELECT target FROM deliveries INDEXED BY deliveries_held WHERE state = 'held'
) GROUP BY target ORDER BY target`
