-- Who is who: what tells two contacts apart, and how a contact came to its person. All are null for contacts of before until
-- their next event.

-- The vendor's account (Hype's publisher). The bare key of an id belongs to one account, that of another one is scoped.
ALTER TABLE contacts ADD COLUMN account TEXT;

-- The words of the name, in lower case: they tell those apart who share an address.
ALTER TABLE contacts ADD COLUMN name TEXT;

-- The address before `email`. It joins too.
ALTER TABLE contacts ADD COLUMN former TEXT;
CREATE INDEX contacts_former ON contacts (former) WHERE former IS NOT NULL;

-- How it came to its person: address, former_address, id (of another source), operator; null when the person is its own.
ALTER TABLE contacts ADD COLUMN basis TEXT;

-- Who has to be separated when an address turns out to be shared.
CREATE INDEX contacts_joined ON contacts (email) WHERE basis = 'address';
