// `check`: the same as `npm run check`, where the other commands are.
import { Command } from 'commander'
import { check } from '../../check.ts'
import type { GlobalOptions } from '../client.ts'

type Options = { sample?: true; target?: string }

/** The command; `finish` is told 1 when something is wrong. */
export function checkCommand(finish: (status: number) => void): Command {
  return new Command('check')
    .description('says what wrangler.toml means, and what is wrong with it (npm run check)')
    .argument('[type]', 'with --sample: this type only')
    .option('--sample', 'show what each target would be sent')
    .option('--target <name>', 'with --sample: to this target only')
    .action(async (type: string | undefined, options: Options, command: Command) => {
      const { sample, target } = options
      const { url, json } = command.optsWithGlobals<GlobalOptions>()
      // The file is what is checked; a relay is asked as well only where one is named.
      const isNamed = command.getOptionValueSourceWithGlobals('url') === 'cli'
      const args = [
        ...(isNamed ? ['--url', url] : []),
        ...(json ? ['--json'] : []),
        ...(sample ? ['--sample'] : []),
        ...(type === undefined ? [] : [type]),
        ...(target === undefined ? [] : ['--target', target]),
      ]
      finish(await check(args))
    })
}
