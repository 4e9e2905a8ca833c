// `completion`: what bash, zsh and fish need to complete commands, options and their values. The script of a shell asks
// `relay complete`, so that it never is older than the program.
import { type Argument, Command, type Option } from 'commander'
import { DELIVERY_STATES } from '../../../../core/deliveries/delivery.ts'
import { EVENT_STATUSES } from '../../../../core/events/event.ts'
import { EVENT_DATA } from '../../../../core/events/vocabulary.ts'
import { UserError } from '../../../user-error.ts'
import { readProfiles } from '../../profiles.ts'

const BASH = `_relay() {
  local IFS=$'\\n'
  COMPREPLY=($(relay complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _relay relay`

const ZSH = `#compdef relay
_relay() {
  local -a found
  found=("\${(@f)$(relay complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _relay relay`

const FISH = `complete -c relay -f -a '(relay complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`

/** Each shell's script, and the line that loads it. */
const SHELLS: Record<string, { script: string; load: string }> = {
  bash: { script: BASH, load: 'source <(relay completion bash)   # in ~/.bashrc' },
  zsh: { script: ZSH, load: 'source <(relay completion zsh)    # in ~/.zshrc, after compinit' },
  fish: { script: FISH, load: 'relay completion fish | source    # in ~/.config/fish/config.fish' },
}

/** The command. */
export function completionCommand(): Command {
  const lines = Object.values(SHELLS).map(({ load }) => `  ${load}`)
  return new Command('completion')
    .description(`print the completion script of a shell: ${Object.keys(SHELLS).join(', ')}`)
    .argument('<shell>', Object.keys(SHELLS).join(', '))
    .addHelpText('after', `\nTo load it:\n${lines.join('\n')}`)
    .action((name: string) => {
      const shell = Object.hasOwn(SHELLS, name) ? SHELLS[name] : undefined
      if (shell === undefined)
        throw new UserError(
          `No completion for "${name}". Shells: ${Object.keys(SHELLS).join(', ')}.`,
        )
      console.log(shell.script)
    })
}

/** The command that the scripts call: prints what may stand in place of the last of some words, one a line. */
export function completeCommand(program: Command): Command {
  return new Command('complete')
    .argument('[words...]')
    .allowUnknownOption()
    .action((words: string[]) => {
      for (const one of completionsOf(program, words)) console.log(one)
    })
}

/** Values of options by their names. */
const VALUES: Record<string, () => readonly string[]> = {
  '--status': () => EVENT_STATUSES,
  '--state': () => [...DELIVERY_STATES, 'failed'],
  '--type': () => Object.keys(EVENT_DATA),
  '--since': () => ['30m', '24h', '7d', '30d'],
  '--until': () => ['30m', '24h', '7d', '30d'],
  '--profile': () => Object.keys(readProfiles().profiles),
}

/** What may stand in place of the last word, sorted as the help is. */
export function completionsOf(program: Command, words: readonly string[]): string[] {
  const before = words.slice(0, -1)
  const typed = words.at(-1) ?? ''
  let command = program
  for (const word of before)
    command = subcommandsOf(command).find((one) => one.name() === word) ?? command
  const options = [...command.options, ...program.options]
  const last = before.at(-1)
  const asked = options.find((one) => one.long === last || one.short === last)
  const candidates =
    asked?.required === true
      ? valuesOf(asked)
      : typed.startsWith('-')
        ? options.flatMap(({ long }) => long ?? [])
        : [...subcommandsOf(command).map((one) => one.name()), ...argumentsOf(command)]
  return [...new Set(candidates)].filter((one) => one.startsWith(typed))
}

/** The commands below one, without those that are not for people. */
function subcommandsOf(command: Command): readonly Command[] {
  const visible = command.createHelp().visibleCommands(command)
  return command.commands.filter((one) => visible.includes(one))
}

function valuesOf({ long, argChoices }: Option): readonly string[] {
  return argChoices ?? (long ? (VALUES[long]?.() ?? []) : [])
}

function argumentsOf(command: Command): readonly string[] {
  if (command.name() === 'completion') return Object.keys(SHELLS)
  if (command.name() === 'use') return ['local', ...Object.keys(readProfiles().profiles)]
  return command.registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? [])
}
