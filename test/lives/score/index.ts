// The score of a world.
import type { Story } from '../truth.ts'
import { bookOf } from './book.ts'
import { scoreClaims } from './claims.ts'
import { scoreCorrections } from './corrections.ts'
import { scoreMarks } from './marks.ts'
import { scorePeople } from './people.ts'
import { scoreRepeats } from './repeats.ts'
import { Score } from './score.ts'

/** Compares what targets were told with what is true. */
export function scoreOf(story: Story): Score {
  const score = new Score()
  const book = bookOf(story)
  scoreRepeats(book, score)
  scoreClaims(book, score)
  scoreCorrections(book, score)
  scorePeople(book, score)
  scoreMarks(book, score)
  return score
}
