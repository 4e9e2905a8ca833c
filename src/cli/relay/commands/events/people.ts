// `people`: finds people across sources, and corrects which contacts belong to whom.
import { Command } from 'commander'
import { pluralize } from '../../../../core/text.ts'
import type { SetStatus } from '../../../command-line.ts'
import { table } from '../../../table.ts'
import { UserError } from '../../../user-error.ts'
import { type Answer, type Api, answerOf, apiOf } from '../../client.ts'
import { print } from '../../output.ts'
import { eraseCommand, erasedCommand, suppressCommand } from './erase.ts'
import { exportCommand } from './export-person.ts'

type People = Answer<Awaited<ReturnType<Api['people']['$get']>>>['people']
type Person = People[number]

/** The command with its subcommands. The exit status is 1 if nobody is found. */
export function peopleCommand(setStatus: SetStatus): Command {
  return new Command('people')
    .description('find people by e-mail address, vendor contact id or person id')
    .argument('<query>', "a full e-mail address, a vendor's contact id, or per_…")
    .action(async (query: string, _options, command: Command) => {
      const people = await find(apiOf(command), query)
      print(command, { people }, () =>
        people.length === 0
          ? `No match for "${query}". Search by full e-mail address, vendor contact id or per_… (names cannot be searched).`
          : people.map(personText).join('\n\n'),
      )
      setStatus(people.length === 0 ? 1 : 0)
    })
    .addCommand(splitCommand())
    .addCommand(mergeCommand())
    .addCommand(wronglyJoinedCommand())
    .addCommand(exportCommand())
    .addCommand(eraseCommand())
    .addCommand(erasedCommand(setStatus))
    .addCommand(suppressCommand())
}

async function find(api: Api, text: string): Promise<People> {
  if (text.startsWith('per_')) {
    return [await answerOf(api.people[':id'].$get({ param: { id: text } }))]
  }
  const query = text.includes('@') ? { email: text } : { contact: text }
  return (await answerOf(api.people.$get({ query }))).people
}

function personText({ id, contacts }: Omit<Person, 'id'> & { id: string }): string {
  const rows = contacts.map(({ source, contact, account, email, sites }) => [
    source,
    contact ?? '(none)',
    account ?? '',
    email ?? '(none)',
    sites.join(', '),
  ])
  return `${id}\n${table(['source', 'contact', 'account', 'e-mail', 'sites'], rows)}`
}

function splitCommand(): Command {
  return new Command('split')
    .description('move a contact to a new person; both keep their history')
    .argument('<person>', 'per_…')
    .requiredOption('--source <name>', 'the source of the contact')
    .option('--contact <id>', "the vendor's id of the contact")
    .option('--email <address>', 'for a contact without an id: its e-mail address')
    .option('--account <id>', "the vendor's account, where two of its accounts have this contact")
    .action(async (id: string, { source, contact, email, account }, command: Command) => {
      if ((contact === undefined) === (email === undefined))
        throw new UserError('Pass --contact, or --email for a contact without an id.')
      const which = contact === undefined ? { email } : { contact }
      const json = { source, ...which, ...(account === undefined ? {} : { account }) }
      const request = apiOf(command).people[':id'].split.$post({ param: { id }, json })
      print(command, await answerOf(request), ({ person, new_person }) =>
        [person, new_person].map(personText).join('\n\n'),
      )
    })
}

function mergeCommand(): Command {
  return new Command('merge')
    .description('merge two people: the contacts of the second move to the first')
    .argument('<person>', 'per_…')
    .argument('<other>', 'per_…')
    .action(async (id: string, other: string, _options, command: Command) => {
      const json = { person: other as `per_${string}` }
      const request = apiOf(command).people[':id'].merge.$post({ param: { id }, json })
      print(command, await answerOf(request), ({ person }) => personText(person))
    })
}

type Page = Answer<Awaited<ReturnType<Api['people']['wrongly-joined']['$get']>>>

function wronglyJoinedCommand(): Command {
  return new Command('wrongly-joined')
    .description('people whose contacts were joined by earlier rules, and would not be now')
    .option('--split', 'split them; each new person is an event relay.person_split')
    .action(async ({ split }: { split?: true }, command: Command) => {
      const people = await allWronglyJoined(apiOf(command), split === true)
      const done = split ? 'split' : 'wrongly joined. Split them with --split.'
      print(command, { people }, () =>
        [
          ...people.map(({ id, parts }) =>
            parts
              .map((contacts, i) => personText({ id: i === 0 ? id : 'someone else:', contacts }))
              .join('\n'),
          ),
          `${pluralize(people.length, 'person', 'people')} ${done}`,
        ].join('\n\n'),
      )
    })
}

/** Goes through all people, page by page. */
async function allWronglyJoined(api: Api, isSplit: boolean): Promise<Page['people']> {
  const found: Page['people'] = []
  let after: Page['next'] | undefined
  do {
    const json = after ? { after } : {}
    const page: Page = isSplit
      ? await answerOf(
          api.people['wrongly-joined'].split.$post({ json: { ...json, dry_run: false } }),
        )
      : await answerOf(api.people['wrongly-joined'].$get({ query: json }))
    found.push(...page.people)
    after = page.next
  } while (after)
  return found
}
