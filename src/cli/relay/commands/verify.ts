// `verify`: whether a captured delivery is genuine, and if not, why.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Command } from 'commander'
import { signingSecretProblem } from '../../../config/secrets.ts'
import { UserError } from '../../user-error.ts'
import { print, several } from '../output.ts'
import { type Captured, judgeDelivery } from '../verify-delivery.ts'

type Options = { secret?: string[]; header?: string[]; body?: string }

const HELP = `
A FILE holds the delivery as it came: header lines, an empty line, the body ("-" reads it from the standard input).
Or give both apart: -H 'webhook-id: …' -H 'webhook-timestamp: …' -H 'webhook-signature: …' --body FILE
The secret is --secret, or SIGNING_SECRET of the environment, which no shell remembers.`

/** The command; `finish` is told the exit status: 1 when the delivery is not genuine. */
export function verifyCommand(finish: (status: number) => void): Command {
  return new Command('verify')
    .description('says whether a captured delivery is genuine, and if not, why')
    .argument('[file]', 'the delivery: header lines, an empty line, the body')
    .option(
      '--secret <whsec>',
      'the signing secret of the target (may be given several times)',
      several,
    )
    .option('-H, --header <line>', 'a header of the delivery (may be given several times)', several)
    .option('--body <file>', 'the body alone')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Options, command: Command) => {
      const judgement = judgeDelivery(captured(file, options), secretsOf(options), Date.now())
      print(command, judgement, ({ verdict, detail }) => `${verdict}: ${detail}`)
      finish(judgement.verdict === 'ok' ? 0 : 1)
    })
}

function secretsOf({ secret }: Options): string[] {
  const secrets = secret ?? (process.env.SIGNING_SECRET ? [process.env.SIGNING_SECRET] : [])
  if (secrets.length === 0)
    throw new UserError('Give the secret: --secret whsec_…, or SIGNING_SECRET.')
  const [remedy] = secrets.flatMap((one) => signingSecretProblem(one) ?? [])
  if (remedy) throw new UserError(`A secret ${remedy}: this one is not.`)
  return secrets
}

function captured(file: string | undefined, { header = [], body }: Options): Captured {
  if ((file === undefined) === (body === undefined))
    throw new UserError('Give the delivery as one file, or its headers (-H) and its --body.')
  if (body !== undefined) return { headers: headersOf(header), body: read(body) }
  const text = read(file ?? '-')
  const end = /\r?\n\r?\n/.exec(text)
  if (end === null)
    throw new UserError('The file has no empty line between the headers and the body.')
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
      if (name === '') throw new UserError(`"${line}" is no header line.`)
      return [name.toLowerCase(), value]
    }),
  )
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}
