// `mcp`: a Model Context Protocol server, with which an assistant answers questions about the relay.
import { once } from 'node:events'
import process from 'node:process'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { Command } from 'commander'
import pkg from '../../../../../package.json' with { type: 'json' }
import { serverOf } from '../../../mcp/server.ts'
import { answerOf, apiAt, type GlobalOptions } from '../../client.ts'
import { relayOf } from '../../which-relay.ts'

const HELP = `
Give it a profile or a RELAY_TOKEN with the VIEWER_TOKEN: it only reads. Personal data is masked, unless the token is the
ADMIN_TOKEN and --mask is not given.`

/** The command. It serves on standard input and output until the input ends. */
export function mcpCommand(): Command {
  return new Command('mcp')
    .description('serve the Model Context Protocol, so that an assistant can answer questions')
    .option('--mask', 'mask personal data with the ADMIN_TOKEN too')
    .addHelpText('after', HELP)
    .action(async ({ mask }: { mask?: true }, command: Command) => {
      const { origin, token } = relayOf(command.optsWithGlobals<GlobalOptions>())
      const api = apiAt(origin, token)
      const { role } = await answerOf(api.attention.$get())
      const isMasked = mask === true || role !== 'operator'
      const served = serveStdio(() => serverOf({ api, origin }, isMasked, pkg.version))
      await once(process.stdin, 'close')
      await served.close()
    })
}
