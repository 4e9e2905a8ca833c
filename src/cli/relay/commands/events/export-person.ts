// `people export`: everything that is stored about a person, as JSON and as one page to read or print.
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { pluralize } from '../../../../core/text.ts'
import { type Api, answerOf, apiOf } from '../../client.ts'
import { personPage } from '../../export/page.ts'
import type { PersonExport } from '../../export/person.ts'
import { print } from '../../output.ts'

/** Events that are asked for at once. */
const AT_ONCE = 8

/** The command `people export`. */
export function exportCommand(): Command {
  return new Command('export')
    .description('everything about a person: NAME.json, and NAME.html to read or print')
    .argument('<person>', 'per_…')
    .option('--to <name>', 'the files without their endings (default: the id of the person)')
    .action(async (id: string, { to = id }: { to?: string }, command: Command) => {
      const all = await exportPerson(apiOf(command), id, new Date())
      // The files are as personal as the log: nobody else on this machine may read them.
      const options = { mode: 0o600 }
      writeFileSync(`${to}.json`, `${JSON.stringify(all, null, 2)}\n`, options)
      writeFileSync(`${to}.html`, personPage(all), options)
      const files = [`${to}.json`, `${to}.html`]
      const { contacts } = all.person
      print(
        command,
        { files, contacts: contacts.length, events: all.events.length },
        () =>
          `${files.join(' and ')}: ${pluralize(contacts.length, 'contact')}, ${pluralize(all.events.length, 'event')}.`,
      )
    })
}

/** Reads a person, and all events of theirs whole, the latest first. */
export async function exportPerson(api: Api, id: string, now: Date): Promise<PersonExport> {
  const person = await answerOf(api.people[':id'].$get({ param: { id } }))
  const ids: string[] = []
  let next: string | null = null
  do {
    const query: { limit: string; next?: string } = {
      limit: '200',
      ...(next === null ? {} : { next }),
    }
    const page: { events: { id: string }[]; next: string | null } = await answerOf(
      api.people[':id'].events.$get({ param: { id: person.id }, query }),
    )
    ids.push(...page.events.map((event) => event.id))
    next = page.next
  } while (next !== null)
  const events: PersonExport['events'] = []
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const some = ids.slice(i, i + AT_ONCE)
    events.push(
      ...(await Promise.all(some.map((id) => answerOf(api.events[':id'].$get({ param: { id } }))))),
    )
  }
  return { exported_at: now.toISOString(), person, events }
}
