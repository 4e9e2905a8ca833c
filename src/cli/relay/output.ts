// What commands print: text for people, or JSON for programs.
import type { Command } from 'commander'
import { showDirections } from '../../core/text.ts'
import type { GlobalOptions } from './client.ts'

/** Prints an answer as JSON with --json, else as the text that `textOf` makes of it. */
export function print<T>(command: Command, answer: T, textOf: (answer: T) => string): void {
  const { json } = command.optsWithGlobals<GlobalOptions>()
  console.log(json ? JSON.stringify(answer, null, 2) : printable(textOf(answer)))
}

/**
 * Replaces control characters, except line feeds, and shows controls of writing direction: data from senders and receivers
 * must not change the terminal.
 */
export function printable(text: string): string {
  return showDirections(text.replaceAll(/(?!\n)\p{Cc}/gu, '�'))
}
