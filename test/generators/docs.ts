// The recipes of docs/api.md: the programs and the commands under a heading, as a reader copies them.
import { readFileSync } from 'node:fs'
import path from 'node:path'

const PAGE = path.join(import.meta.dirname, '../../docs/api.md')

/** The files and the commands of the section with a heading. Each program names its file in the comment of its first line. */
export function recipeOf(heading: string): { files: Record<string, string>; steps: string } {
  const section = readFileSync(PAGE, 'utf8').split(`\n### ${heading}\n`)[1]?.split(/\n##/)[0] ?? ''
  const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  const files = blocks
    .filter(([, language]) => language !== 'sh')
    .map(([, , text = '']) => [/^\S+ (\S+)\n/.exec(text)?.[1] ?? '', text])
  const steps = blocks.filter(([, language]) => language === 'sh').map(([, , text]) => text)
  return { files: Object.fromEntries(files), steps: steps.join('\n') }
}
