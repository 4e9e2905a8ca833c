-- Retention: how far the log has been pruned (store/prune.ts).

CREATE TABLE pruned (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  events INTEGER NOT NULL,      -- key of the last event that was looked at to be deleted
  raws INTEGER NOT NULL,        -- key of the last event that was looked at to lose its bytes
  raws_left INTEGER,            -- key of the first that kept them, as it is still owed to somebody
  day INTEGER NOT NULL          -- the day since 1970 on which what was left was looked at again
) STRICT;

INSERT INTO pruned (id, events, raws, day) VALUES (1, 0, 0, 0);
