// `verify`: checks the signature of a captured delivery, and explains why it does not match.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Command } from 'commander'
import { signingSecretProblem } from '../../../../config/secrets.ts'
import { repeatable, type SetStatus } from '../../../command-line.ts'
import { UserError } from '../../../user-error.ts'
import { print } from '../../output.ts'
import { type CapturedDelivery, verifyDelivery } from '../../verify-delivery.ts'

type Options = { secret?: string[]; header?: string[]; body?: string }

const HELP = `
The file contains the delivery as received: header lines, an empty line, the body. "-" reads standard input.
Or pass headers and body separately:
  -H 'webhook-id: …' -H 'webhook-timestamp: …' -H 'webhook-signature: …' --body FILE
The environment variable SIGNING_SECRET replaces --secret and stays out of the shell history.`

/** The command. The exit status is 1 if the delivery is not authentic. */
export function verifyCommand(setStatus: SetStatus): Command {
  return new Command('verify')
    .description('verify the signature of a captured delivery, and explain a failure')
    .argument('[file]', 'the delivery: header lines, an empty line, the body')
    .option('--secret <whsec>', 'a signing secret of the target (repeatable)', repeatable)
    .option('-H, --header <line>', 'a header of the delivery (repeatable)', repeatable)
    .option('--body <file>', 'the body only')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Options, command: Command) => {
      const result = verifyDelivery(readDelivery(file, options), secretsOf(options), Date.now())
      print(command, result, ({ verdict, detail }) => `${verdict}: ${detail}`)
      setStatus(result.verdict === 'ok' ? 0 : 1)
    })
}

function secretsOf({ secret }: Options): string[] {
  const secrets = secret ?? (process.env.SIGNING_SECRET ? [process.env.SIGNING_SECRET] : [])
  if (secrets.length === 0)
    throw new UserError('Missing secret: pass --secret whsec_…, or set SIGNING_SECRET.')
  const [problem] = secrets.flatMap((one) => signingSecretProblem(one) ?? [])
  if (problem) throw new UserError(`Invalid secret: it ${problem}.`)
  return secrets
}

/** The delivery from a file, or from its headers and its body. Throws a UserError if that is not complete. */
function readDelivery(file: string | undefined, { header = [], body }: Options): CapturedDelivery {
  if ((file === undefined) === (body === undefined))
    throw new UserError('Pass the delivery as one file, or as headers (-H) and --body.')
  if (body !== undefined) return { headers: headersOf(header), body: read(body) }
  const text = read(file ?? '-')
  const end = /\r?\n\r?\n/.exec(text)
  if (end === null) throw new UserError('There is no empty line between the headers and the body.')
  const lines = text.slice(0, end.index).split(/\r?\n/)
  return {
    headers: headersOf([...lines.filter((line) => !/^(POST|HTTP)\b/.test(line)), ...header]),
    body: text.slice(end.index + end[0].length),
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? []
      if (name === '') throw new UserError(`"${line}" is not a header line.`)
      return [name.toLowerCase(), value]
    }),
  )
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UserError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}.`,
    )
  }
}
