// The packs of the relay, read without its code: what has no row any more must be in one of them, to the byte.
import { gunzipSync } from 'node:zlib'
import type { Relay } from '../machine/relay.ts'
import { idOf, timeOfKey } from './scene.ts'

/** What the checks need of a line. */
export type PackedEvent = {
  id: string
  status: string
  type: string
  raw?: string
  match?: { id?: string }
  deliveries: { target: string; state: string; reason?: string; attempt: number; due?: number }[]
}

type Pack = { start: number; version: number; place: string }

export class Packs {
  private readonly relay: Relay
  /** The events of each version, by id: a version never changes. */
  private readonly known = new Map<string, Map<string, PackedEvent>>()

  constructor(relay: Relay) {
    this.relay = relay
  }

  /** An event by its key; undefined when no pack has it. */
  find(key: string): PackedEvent | undefined {
    const [pack] = this.relay.database.read<Pack>(
      'SELECT start, version, place FROM packs WHERE start <= ?1 ORDER BY start DESC LIMIT 1',
      timeOfKey(key),
    )
    return pack && this.eventsOf(pack).get(idOf(key))
  }

  /** The events whose received bytes are a text. */
  withBody(body: string): PackedEvent[] {
    return this.versions().flatMap((version) =>
      [...version.values()].filter(({ raw }) => raw === body),
    )
  }

  private versions(): Map<string, PackedEvent>[] {
    const packs = this.relay.database.read<Pack>('SELECT start, version, place FROM packs')
    return packs.map((pack) => this.eventsOf(pack))
  }

  private eventsOf(pack: Pack): Map<string, PackedEvent> {
    const name = `${pack.start}-${pack.version}`
    const known = this.known.get(name) ?? this.read(pack, name)
    this.known.set(name, known)
    return known
  }

  private read({ start, version, place }: Pack, name: string): Map<string, PackedEvent> {
    const bytes = place === 'd1' ? this.rows(start, version) : this.objects(name)
    // Bytes that are not there have no event.
    const text = bytes.length === 0 ? '' : gunzipSync(bytes).toString('utf8')
    const lines = text.split('\n').slice(0, -1)
    return new Map(
      lines.map((line) => {
        const event = JSON.parse(line) as PackedEvent
        return [event.id, event] as const
      }),
    )
  }

  private rows(start: number, version: number): Buffer {
    const rows = this.relay.database.read<{ bytes: Uint8Array }>(
      'SELECT bytes FROM pack_parts WHERE start = ?1 AND version = ?2 ORDER BY part',
      start,
      version,
    )
    return Buffer.concat(rows.map(({ bytes }) => Buffer.from(bytes)))
  }

  private objects(name: string): Buffer {
    const { objects } = this.relay.bucket
    const names = [...objects.keys()].filter((key) => key.includes(`/${name}-`)).sort()
    return Buffer.concat(names.map((key) => objects.get(key)?.bytes ?? new Uint8Array()))
  }
}
