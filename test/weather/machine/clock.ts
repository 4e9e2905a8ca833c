// Virtual time: whatever is scheduled runs in the order of its time, and of its scheduling where that is the same. Before
// the next one runs, everything that the last one has set going has settled: nothing waits for a real thread.

/** Something that is scheduled. */
export type Timer = { time: number; seq: number; run: (() => void) | undefined }

/** A clock that is turned. Times in epoch milliseconds. */
export class Clock {
  now: number
  /** How many steps were taken. */
  steps = 0
  private seq = 0
  private readonly heap: Timer[] = []

  constructor(now: number) {
    this.now = now
  }

  /** Runs something at a time, or as soon as possible where that has passed. */
  at(time: number, run: () => void): Timer {
    const timer = { time: Math.max(time, this.now), seq: this.seq++, run }
    push(this.heap, timer)
    return timer
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.now + ms, run)
  }

  cancel(timer: Timer | undefined): void {
    if (timer) timer.run = undefined
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** Turns the clock until a time, or until `isDone` says so after a step. */
  async turnUntil(time: number, isDone: () => boolean = () => false): Promise<void> {
    await settled()
    for (;;) {
      const next = this.heap[0]
      if (next === undefined || next.time > time) break
      pop(this.heap)
      const { run } = next
      if (run === undefined) continue
      this.now = next.time
      next.run = undefined
      this.steps++
      run()
      await settled()
      if (isDone()) return
    }
    this.now = Math.max(this.now, time)
  }
}

/** Resolves when all promises that can settle have settled: a turn of the event loop, in which no I/O is pending. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediateOfNode(resolve))
}

const setImmediateOfNode = setImmediate

function isBefore(a: Timer, b: Timer): boolean {
  return a.time < b.time || (a.time === b.time && a.seq < b.seq)
}

function push(heap: Timer[], timer: Timer): void {
  let i = heap.length
  heap.push(timer)
  while (i > 0) {
    const parent = (i - 1) >> 1
    const other = heap[parent] as Timer
    if (!isBefore(timer, other)) break
    heap[i] = other
    i = parent
  }
  heap[i] = timer
}

function pop(heap: Timer[]): void {
  const last = heap.pop() as Timer
  const { length } = heap
  if (length === 0) return
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    if (child >= length) break
    if (child + 1 < length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++
    if (!isBefore(heap[child] as Timer, last)) break
    heap[i] = heap[child] as Timer
    i = child
  }
  heap[i] = last
}
