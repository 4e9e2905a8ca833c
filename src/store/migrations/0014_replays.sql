-- The sweep remembers what it sent, and replays say how far they have counted and what they missed.

-- When the sweep last sent a message for the delivery, in epoch milliseconds. Null: never.
ALTER TABLE deliveries ADD COLUMN swept INTEGER;

-- The first event that is not counted in total yet. Null: all are.
ALTER TABLE replays ADD COLUMN uncounted INTEGER;

-- How many were counted, but could not be sent when it was their turn. Known when the replay is done.
ALTER TABLE replays ADD COLUMN missing INTEGER;
