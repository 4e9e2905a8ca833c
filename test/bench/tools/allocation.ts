// The allocation of a piece of work, garbage included.
import { Session } from 'node:inspector/promises'

/** A sample for each so many bytes: some hundreds in the smallest work that is measured. */
const SAMPLING_BYTES = 1024

/** The bytes that some work allocates on the heap, as V8's sampling profiler estimates them. */
export async function bytesAllocatedBy(work: () => void): Promise<number> {
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLING_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    })
    work()
    const { profile } = await session.post('HeapProfiler.stopSampling')
    const { samples } = profile as unknown as { samples: { size: number }[] } // not in Node's types
    return samples.reduce((sum, { size }) => sum + size, 0)
  } finally {
    session.disconnect()
  }
}
