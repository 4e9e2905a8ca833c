// The events that the validators get: what targets of a relay were sent, of every type.
import { drive } from '../lives/drive.ts'
import { arrivalsOf } from '../lives/network.ts'
import { worldOf } from '../lives/world/world.ts'
import type { Tree } from '../weather/machine/build.ts'
import { liveScene } from './scene.ts'

/** An event as its receiver sees it. */
export type Event = {
  id: string
  type: string
  dataschema?: string
  vendor?: string
  personid?: string
  test?: true
  data: Record<string, unknown>
}

/** So many events are validated, at least. */
const EVENTS = 1000

/** The world of the lives, and how many. */
const LIVES = { seed: 1, lives: 40 }

/** All events of the scene, and as many of the lives as are missing, those of rare types first. */
export async function realEvents(tree: Tree): Promise<Event[]> {
  const scene = await liveScene(tree)
  const world = worldOf(LIVES.seed, LIVES.lives)
  const delivered = await drive(world, arrivalsOf(world), { tree, hotDays: 400 })
  const lives = delivered.flatMap(({ target, event }) => (target === 'ledger' ? [event] : []))
  const count = (type: string) => lives.filter((event) => event.type === type).length
  const counts = new Map(lives.map(({ type }) => [type, count(type)]))
  lives.sort((a, b) => (counts.get(a.type) ?? 0) - (counts.get(b.type) ?? 0))
  return [...scene, ...lives.slice(0, Math.max(0, EVENTS - scene.length))]
}
