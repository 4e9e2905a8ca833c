// The metrics of the relay itself.
import type { Config } from '../../config.ts'
import type { MetricFamily } from '../../core/ledger/prometheus.ts'
import { CAUSES } from '../../core/operate/attention/entry.ts'
import type { SpillStatus } from '../../core/operate/attention/spill.ts'
import type { Status } from '../../stages/operate/attention.ts'
import { gauge, seconds } from './families.ts'

/** The relay itself: what needs attention, its database, its schema, its cron and its configuration. */
export function ofRelay({ attention, database, schema }: Status, config: Config): MetricFamily[] {
  const one = (value: number | null | undefined) => [{ labels: {}, value: value ?? undefined }]
  return [
    gauge(
      'attention',
      'What needs attention, by cause: the number of entries of GET /api/attention.',
      CAUSES.map((cause) => ({
        labels: { cause },
        value: attention.filter((entry) => entry.cause === cause).length,
      })),
    ),
    gauge('database_bytes', 'The size of the database.', one(database?.bytes)),
    gauge('database_limit_bytes', 'Its limit (DATABASE_MB).', one(config.databaseBytes)),
    gauge(
      'cron_last_run_timestamp_seconds',
      'When the cron last completed a run, to five minutes.',
      one(seconds(database?.state.cronAt)),
    ),
    gauge(
      'schema_apart',
      '1 when the schema of the database is not that of this version.',
      one(schema && Number(schema.state !== 'current')),
    ),
    gauge('config_errors', 'Errors in the configuration.', one(config.errors.length)),
  ]
}

/** The spill queue; without values when it does not report its length. */
export function ofSpill(spill: SpillStatus | null): MetricFamily[] {
  const oldest = spill?.oldest_message ?? undefined
  return [
    gauge('spill_requests', 'Accepted requests that wait in the spill queue for D1.', [
      { labels: {}, value: spill?.requests },
    ]),
    gauge(
      'spill_oldest_timestamp_seconds',
      'When the oldest message of the spill queue was sent; it is renewed every 12 hours.',
      [{ labels: {}, value: oldest === undefined ? undefined : seconds(Date.parse(oldest)) }],
    ),
  ]
}
