// One world from its seed to its score.
import type { Tree } from '../weather/machine/build.ts'
import { drive } from './drive.ts'
import { arrivalsOf } from './network.ts'
import { scoreOf } from './score/index.ts'
import type { Score } from './score/score.ts'
import type { Story } from './truth.ts'
import { worldOf } from './world/world.ts'

/** Lives in a world. */
export const LIVES = 250

/** Lives a world, and scores what the targets were told of it. */
export async function simulate(
  seed: number,
  { lives, hotDays }: { lives: number; hotDays: number },
  tree: Tree,
): Promise<{ story: Story; score: Score }> {
  const world = worldOf(seed, lives)
  const arrivals = arrivalsOf(world)
  const delivered = await drive(world, arrivals, { tree, hotDays })
  const readings = { ...world.hapana, hype: world.hype }
  const story: Story = { seed, humans: world.humans, arrivals, delivered, readings }
  const score = scoreOf(story)
  score.add('lives', lives)
  score.add('worlds')
  return { story, score }
}
