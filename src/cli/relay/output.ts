// What commands print: for people, or for programs.
import type { Command } from 'commander'
import type { GlobalOptions } from './client.ts'

/** Prints an answer as JSON where a program asked for it, else in words. */
export function print<T>(command: Command, answer: T, inWords: (answer: T) => string): void {
  const { json } = command.optsWithGlobals<GlobalOptions>()
  console.log(json ? JSON.stringify(answer, null, 2) : visible(inWords(answer)))
}

/** A text that leaves a terminal as it is: senders and receivers may have put anything into theirs. */
export function visible(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, '�')
}

/** For options that may be given several times. */
export function several(value: string, before: string[] = []): string[] {
  return [...before, value]
}
