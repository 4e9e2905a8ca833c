// `people`: who is who across sources; and putting right what was joined wrongly, or not at all.
import { Command } from 'commander'
import { UserError } from '../../user-error.ts'
import { type Answer, type Api, answerOf, apiOf } from '../client.ts'
import { print } from '../output.ts'
import { table } from '../table.ts'

type People = Answer<Awaited<ReturnType<Api['people']['$get']>>>['people']
type Person = People[number]

/** The command with its subcommands; `finish` is told 1 when nobody was found. */
export function peopleCommand(finish: (status: number) => void): Command {
  return new Command('people')
    .description('finds persons by e-mail address, vendor contact id or person id')
    .argument('<who>', "ana@example.com, a vendor's contact id, or per_…")
    .action(async (who: string, _options, command: Command) => {
      const people = await find(apiOf(command), who)
      print(command, { people }, () =>
        people.length === 0 ? 'Nobody is known by that.' : people.map(inWords).join('\n\n'),
      )
      finish(people.length === 0 ? 1 : 0)
    })
    .addCommand(splitCommand())
    .addCommand(mergeCommand())
}

async function find(api: Api, who: string): Promise<People> {
  if (who.startsWith('per_')) {
    return [await answerOf(api.people[':id'].$get({ param: { id: who } }))]
  }
  const query = who.includes('@') ? { email: who } : { contact: who }
  return (await answerOf(api.people.$get({ query }))).people
}

function inWords({ id, contacts }: Person): string {
  const rows = contacts.map(({ source, contact, email, sites }) => [
    source,
    contact ?? '(none)',
    email ?? '(none)',
    sites.join(', '),
  ])
  return `${id}\n${table(['source', 'contact', 'e-mail', 'sites'], rows)}`
}

function splitCommand(): Command {
  return new Command('split')
    .description('makes a contact a person of its own; both keep their history')
    .argument('<person>', 'per_…')
    .requiredOption('--source <name>', 'the source of the contact')
    .option('--contact <id>', "the vendor's id of the contact")
    .option('--email <address>', 'of a contact that has no id')
    .action(async (id: string, { source, contact, email }, command: Command) => {
      if ((contact === undefined) === (email === undefined))
        throw new UserError('Name the contact, or the e-mail address of one that has no id.')
      const json = { source, ...(contact === undefined ? { email } : { contact }) }
      const request = apiOf(command).people[':id'].split.$post({ param: { id }, json })
      print(command, await answerOf(request), ({ person, new_person }) =>
        [person, new_person].map(inWords).join('\n\n'),
      )
    })
}

function mergeCommand(): Command {
  return new Command('merge')
    .description('makes two persons one: the contacts of the second become those of the first')
    .argument('<person>', 'per_…')
    .argument('<other>', 'per_…')
    .action(async (id: string, other: string, _options, command: Command) => {
      const json = { person: other as `per_${string}` }
      const request = apiOf(command).people[':id'].merge.$post({ param: { id }, json })
      print(command, await answerOf(request), ({ person }) => inWords(person))
    })
}
