// Databases of the versions 0.x, whose keys this version cannot read. Wrangler asks this at a deploy, and the Worker itself.

/** SQL: whether a log is one of the versions 0.x, whose keys were 2^53 and above. Reads one row. */
export const HAS_KEYS_OF_0X = `SELECT max(key) >= ${2 ** 53} AS has_keys_of_0x FROM events`

/** What to do with a database of the versions 0.x. */
export const REMEDY_FOR_0X =
  'its ids have 13 characters, those of this version 11, and its log cannot be converted. Give this version a database of its ' +
  'own (another database_name in wrangler.toml), and keep the old one to look things up with the version that wrote it.'
