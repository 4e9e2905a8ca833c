-- What a target's health must remember beside its failures, and how a probe is chosen.

-- When an attempt failed last, in epoch milliseconds: a target is given up after failures on each of several days.
ALTER TABLE targets ADD COLUMN last_failed_at INTEGER;

-- Nothing is sent to it before this time, in epoch milliseconds: it asked for that with a Retry-After.
ALTER TABLE targets ADD COLUMN rest_until INTEGER;

-- How often it has backed off since that was reported, and since when it is well again, until that is reported too.
ALTER TABLE targets ADD COLUMN times_backed_off INTEGER NOT NULL DEFAULT 0;
ALTER TABLE targets ADD COLUMN well_since INTEGER;

-- The probe is the held delivery with the fewest attempts, of these the one that has waited longest: found without reading
-- all that are held. Others are released in this order too. The condition on attempt is always true: it keeps other
-- queries on the index deliveries_held.
CREATE INDEX deliveries_probe ON deliveries (target, reason, attempt, due) WHERE state = 'held' AND attempt > 0;
