// Doing several things at once, but not all of them.
import { describe, expect, it } from 'vitest'
import { withConcurrency } from '../../../src/stages/deliveries/concurrency.ts'

/** A task that ends, or freeSlots its place, when it is told to. */
function aTask(name: string, log: string[]) {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const task = {
    name,
    end,
    freeSlot: (): void => undefined,
    run: async (freeSlot: () => void) => {
      log.push(name)
      task.freeSlot = freeSlot
      await ended
    },
  }
  return task
}

const turn = () => new Promise((resolve) => setTimeout(resolve))

function begin(count: number, names: string[]) {
  const begun: string[] = []
  const tasks = names.map((name) => aTask(name, begun))
  const of = (name: string) => {
    const task = tasks.find((one) => one.name === name)
    if (task === undefined) throw new Error(`there is no task ${name}`)
    return task
  }
  let isDone = false
  const done = withConcurrency(count, tasks, (task, freeSlot) => task.run(freeSlot)).then(() => {
    isDone = true
  })
  return { begun, of, done, isDone: () => isDone }
}

describe('in two places', () => {
  it('two begin, and the next when one ends', async () => {
    const { begun, of } = begin(2, ['a', 'b', 'c'])
    expect(begun).toEqual(['a', 'b'])

    of('b').end()
    await turn()

    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('the next begins at once when one freeSlots; leaving twice, and ending after that, frees one place', () => {
    const { begun, of } = begin(2, ['a', 'b', 'c', 'd'])

    of('a').freeSlot()
    of('a').freeSlot()
    of('a').end()

    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('all is done when the last has ended, those included that had left', async () => {
    const { of, done, isDone } = begin(2, ['a', 'b', 'c'])
    of('a').freeSlot()
    of('b').end()
    of('c').end()
    await turn()
    expect(isDone()).toBe(false)

    of('a').end()
    await done

    expect(isDone()).toBe(true)
  })

  it('one that throws freeSlots its place, and is told when those that followed there have ended', async () => {
    const ended: string[] = []
    const failing = withConcurrency(1, ['a', 'b'], async (name) => {
      if (name === 'a') throw new Error('a mistake')
      ended.push(name)
    })

    await expect(failing).rejects.toThrow('a mistake')
    expect(ended).toEqual(['b'])
  })

  it('nothing to do is done', async () => {
    await begin(2, []).done
  })
})
