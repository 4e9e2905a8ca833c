// People who were joined by earlier rules, and would not be now.
import { Empty, Older, Table, Theirs } from '../components.tsx'
import { Act } from '../forms.tsx'
import { linkTo } from '../links.ts'
import type { PersonView } from './people.tsx'

const PATH = '/console/people'

function nameOfContact({ source, contact, account }: PersonView['contacts'][number]): string {
  return [source, contact, account && `of ${account}`].filter(Boolean).join(' ')
}

/** The page of people who were joined by earlier rules: the parts that belong together, and a form that splits them. */
export function WronglyJoined({
  people,
  next,
}: {
  people: readonly { id: string; parts: readonly PersonView['contacts'][] }[]
  next: string | undefined
}) {
  const path = `${PATH}/wrongly-joined`
  return (
    <>
      {people.length === 0 ? (
        <Empty>{next === undefined ? 'Nobody is joined wrongly.' : 'Nobody on this page.'}</Empty>
      ) : (
        <Table
          caption="People"
          rows={people}
          columns={[
            { name: 'person', of: ({ id }) => <a href={`${PATH}/${id}`}>{id}</a> },
            {
              name: 'becomes',
              of: ({ parts }) => (
                <span>
                  {parts.map((part) => (
                    <span class="line">
                      <Theirs texts={part.map(nameOfContact)} between=" + " />
                    </span>
                  ))}
                </span>
              ),
            },
          ]}
        />
      )}
      {people.length > 0 && (
        <>
          <p class="quiet">
            Each line becomes a person. The first keeps the ID and the others get new ones, 20 at a
            time.
          </p>
          <Act action={`${path}/split`} name="Split" />
        </>
      )}
      <Older href={next === undefined ? undefined : linkTo(path, { after: next })} />
    </>
  )
}
