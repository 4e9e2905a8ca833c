// Running several tasks at once, up to a limit.
import { describe, expect, it } from 'vitest'
import { withConcurrency } from '../../../src/stages/deliveries/concurrency.ts'

/** A task that ends, or frees its slot, when the test calls for it. */
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

const nextMacrotask = () => new Promise((resolve) => setTimeout(resolve))

function start(count: number, names: string[]) {
  const started: string[] = []
  const tasks = names.map((name) => aTask(name, started))
  const of = (name: string) => {
    const task = tasks.find((one) => one.name === name)
    if (task === undefined) throw new Error(`there is no task ${name}`)
    return task
  }
  let isDone = false
  const done = withConcurrency(count, tasks, (task, freeSlot) => task.run(freeSlot)).then(() => {
    isDone = true
  })
  return { started, of, done, isDone: () => isDone }
}

describe('with a limit of two', () => {
  it('two tasks start at once, and the next one when a task ends', async () => {
    const { started, of } = start(2, ['a', 'b', 'c'])
    expect(started).toEqual(['a', 'b'])

    of('b').end()
    await nextMacrotask()

    expect(started).toEqual(['a', 'b', 'c'])
  })

  it('the next one starts at once when a task frees its slot; freeing it twice, and then ending, frees one slot', () => {
    const { started, of } = start(2, ['a', 'b', 'c', 'd'])

    of('a').freeSlot()
    of('a').freeSlot()
    of('a').end()

    expect(started).toEqual(['a', 'b', 'c'])
  })

  it('it resolves when all tasks have ended, those included that freed their slots early', async () => {
    const { of, done, isDone } = start(2, ['a', 'b', 'c'])
    of('a').freeSlot()
    of('b').end()
    of('c').end()
    await nextMacrotask()
    expect(isDone()).toBe(false)

    of('a').end()
    await done

    expect(isDone()).toBe(true)
  })

  it('a task that throws frees its slot, and it rejects when the tasks that followed in that slot have ended', async () => {
    const ended: string[] = []
    const failing = withConcurrency(1, ['a', 'b'], async (name) => {
      if (name === 'a') throw new Error('a mistake')
      ended.push(name)
    })

    await expect(failing).rejects.toThrow('a mistake')
    expect(ended).toEqual(['b'])
  })

  it('it resolves at once without tasks', async () => {
    await start(2, []).done
  })
})
