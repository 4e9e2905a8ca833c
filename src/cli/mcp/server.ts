// The Model Context Protocol server (https://modelcontextprotocol.io): the tools over standard input and output.
import { McpServer } from '@modelcontextprotocol/server'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { UserError } from '../user-error.ts'
import { DATA_NOTE, textOf } from './result.ts'
import { type Asked, TOOLS } from './tools.ts'

const INSTRUCTIONS = `Answers questions about a webhook relay of a gym: what came in, what it means, what each target got. Nothing here changes anything. ${DATA_NOTE}`

/** The server. `isMasked`: whether personal data is masked. */
export function serverOf(asked: Asked, isMasked: boolean, version: string): McpServer {
  const server = new McpServer(
    { name: 'membership-relay', version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  )
  for (const { name, title, description, input, run } of TOOLS) {
    server.registerTool(
      name,
      {
        title,
        description,
        inputSchema: toStandardJsonSchema(input),
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
      async (given: Record<string, unknown>) => {
        try {
          const answer = await run(asked, given)
          return { content: [{ type: 'text' as const, text: textOf(answer, isMasked) }] }
        } catch (error) {
          if (!(error instanceof UserError)) throw error
          return { content: [{ type: 'text' as const, text: error.message }], isError: true }
        }
      },
    )
  }
  return server
}
