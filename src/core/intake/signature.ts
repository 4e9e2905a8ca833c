// Compares secrets and checks HMACs in constant time.

const encoder = new TextEncoder()

type Key = InstanceType<typeof CryptoKey>
type Encoded = ReturnType<typeof encoder.encode>

/** True when two texts are equal. The time depends on neither: their digests are compared in full. */
export async function equalSecrets(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)])
  return equalBytes(left, right)
}

/** True when any of the secrets equals the text. All are compared, so the time does not reveal which. */
export async function matchesAny(text: string, secrets: readonly string[]): Promise<boolean> {
  const [shown, known] = await Promise.all([digest(text), digestsOf(secrets)])
  return known.map((secret) => equalBytes(shown, secret)).includes(true)
}

const knownDigests = new WeakMap<readonly string[], Uint8Array[]>()

/** The digests of secrets, by the list of a source: it is the same object as long as the configuration. */
async function digestsOf(secrets: readonly string[]): Promise<Uint8Array[]> {
  const known = knownDigests.get(secrets)
  if (known !== undefined) return known
  // Stored when they are there: the promise of one request may never be kept for another.
  const digests = await Promise.all(secrets.map(digest))
  knownDigests.set(secrets, digests)
  return digests
}

/**
 * True when any secret's HMAC-SHA256 over the bytes is one of the given MACs. The bytes are hashed once for each secret,
 * however many MACs a sender claims.
 */
export async function verifyHmac(
  bytes: Uint8Array<ArrayBuffer>,
  macs: readonly Uint8Array[],
  secrets: readonly string[],
): Promise<boolean> {
  const expected = await Promise.all(secrets.map((secret) => hmac(bytes, secret)))
  const verdicts = expected.flatMap((mac) => macs.map((claimed) => equalBytes(mac, claimed)))
  return verdicts.includes(true)
}

/** The HMAC-SHA256 of bytes. The key is the secret as UTF-8. */
export async function hmac(bytes: Uint8Array<ArrayBuffer>, secret: string): Promise<Uint8Array> {
  return signBy(await keyOfText(secret), bytes)
}

const keyOfText = keysBy((secret) => encoder.encode(secret))

/** The key of a `whsec_…` secret: the bytes of its base64. */
const keyOfBase64 = keysBy((secret) =>
  Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (c) => c.charCodeAt(0)),
)

/** A function that returns the key of a secret. Each is imported once in an isolate's life; there are few. */
function keysBy(bytesOf: (secret: string) => Encoded): (secret: string) => Promise<Key> {
  const known = new Map<string, Key>()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return async (secret) => {
    // Stored when it is there: the promise of one request may never be kept for another.
    const key =
      known.get(secret) ??
      (await crypto.subtle.importKey('raw', bytesOf(secret), algorithm, false, ['sign']))
    known.set(secret, key)
    return key
  }
}

async function signBy(key: Key, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes))
}

/**
 * The signature of a message by Standard Webhooks (https://www.standardwebhooks.com). `secret`: `whsec_…`; `at`: epoch
 * milliseconds. Not by their package, which has a SHA-256 of its own: more code to load, and four times as slow on a
 * large body.
 */
export async function signWebhook(
  secret: string,
  message: { id: string; at: number; body: string },
): Promise<string> {
  const signed = `${message.id}.${Math.floor(message.at / 1000)}.${message.body}`
  // It has a buffer of its own, which is missing in the platform's types.
  const bytes = encoder.encode(signed) as Uint8Array<ArrayBuffer>
  return `v1,${base64Of(await signBy(await keyOfBase64(secret), bytes))}`
}

/** A few bytes as base64. */
export function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Bytes as hexadecimal text, in lower case. */
export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Bytes of a hexadecimal text; undefined when it is not one. */
export function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^([0-9a-f]{2})+$/i.test(hex)) return undefined
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Compares all bytes, whatever the first ones are. Lengths are not secret. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
}
