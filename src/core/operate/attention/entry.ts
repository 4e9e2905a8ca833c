// One thing that needs an operator's attention.

/**
 * Why something needs attention: stable words, for programs. Of a target (its own state has events of its own), a source,
 * or the relay.
 */
export const CAUSES = [
  'target_state',
  'deliveries_dead',
  'deliveries_cancelled',
  'deliveries_overdue',
  'deliveries_held',
  'bodies_unreadable',
  'success_rate',
  'source_broken',
  'source_silent',
  'requests_refused',
  'quarantine',
  'ledger_unbalanced',
  'spill_waiting',
  'spill_stuck',
  'archive_waiting',
  'packs_unreadable',
  'cron_late',
  'figures_stale',
  'schema_apart',
  'database_size',
  'database_full',
  'unreadable',
  'configuration_unreadable',
  'configuration_invalid',
  'retention_shortened',
] as const
export type Cause = (typeof CAUSES)[number]

/** What something is about: it selects the page of the console. */
export const SUBJECTS = ['target', 'source', 'quarantine', 'ledger', 'spill', 'relay'] as const

/** Something that needs attention. `name`: of the target or source; `words`: a sentence. */
export type Attention = {
  cause: Cause
  about: (typeof SUBJECTS)[number]
  name: string | null
  words: string
}

/** An entry, as a list: so that what does not need attention is an empty one. */
export function entry(
  cause: Cause,
  about: Attention['about'],
  name: string | null,
  words: string,
): Attention[] {
  return [{ cause, about, name, words }]
}
