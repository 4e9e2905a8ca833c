// Completion, as the shells ask for it, and that bash itself completes with the script.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { expect, it } from 'vitest'
import { completionsOf } from '../../../src/cli/relay/commands/program/completion.ts'

const ROOT = path.join(import.meta.dirname, '../../..')

function aProgram(): Command {
  const program = new Command('relay').option('--json')
  program.command('events').option('--status <status>').option('--limit <n>')
  const replay = program.command('replay').option('--state <state>').argument('[event]')
  replay.command('list')
  replay.command('stop')
  program.command('complete', { hidden: true })
  return program
}

it.each([
  ['', ['events', 'replay']],
  ['ev', ['events']],
  ['events --', ['--status', '--limit', '--json']],
  ['events --st', ['--status']],
  ['events --status q', ['quarantined']],
  ['events --limit ', []],
  ['replay ', ['list', 'stop']],
  ['replay --state f', ['failed']],
  ['replay l', ['list']],
])('completes "%s"', (typed, completions) => {
  expect(completionsOf(aProgram(), typed.split(' '))).toEqual(completions)
})

it('completes in bash', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'completion-'))
  const relay = path.join(dir, 'relay')
  writeFileSync(relay, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/src/cli/relay.js" "$@"\n`)
  chmodSync(relay, 0o755)
  const script = `PATH="${dir}:$PATH"; source <(relay completion bash)
COMP_WORDS=(relay deliv); COMP_CWORD=1; _relay; echo "\${COMPREPLY[@]}"
COMP_WORDS=(relay deliveries --state re); COMP_CWORD=3; _relay; echo "\${COMPREPLY[@]}"`
  const shown = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
  rmSync(dir, { recursive: true })

  expect(shown).toBe('deliveries\nretrying\n')
})
