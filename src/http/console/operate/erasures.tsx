// `/console/people/…`: erasing a person, the receipt, and who was erased.
import { Hono } from 'hono/tiny'
import { ErasedPeople, Erasure, ErasurePlan } from '../../../console/operate/erasure.tsx'
import { isPersonId } from '../../../core/id.ts'
import { erase, planErasure, suppressPerson } from '../../../stages/operate/acts/erasure.ts'
import {
  getErasure,
  listErasedValues,
  listErasures,
} from '../../../store/operate/erasure/erasures.ts'
import { shownErasure } from '../../api/operate/erasures.ts'
import type { ApiTools } from '../../tools.ts'
import { fieldsOf, goTo, show, showRefusal, signedIn } from '../frame.ts'
import type { ConsoleEnv } from '../session.ts'

const PATH = '/console/people'

/** The erasures of the first page. The API has all. */
const MAX_LISTED = 200

/** The routes about erased people. */
export function erasures(tools: ApiTools) {
  const page = (id: string) => `${PATH}/${encodeURIComponent(id)}`
  return new Hono<ConsoleEnv>()
    .get('/erased', async (c) => {
      const found = await listErasures(c.env.DB, undefined, MAX_LISTED)
      return show(c, 'Erased people', <ErasedPeople erasures={found.map(shownErasure)} />)
    })
    .get('/:id/erase', async (c) => {
      const id = c.req.param('id')
      const plan = await planErasure(signedIn(c, tools), id)
      if (!plan.ok) return showRefusal(c, plan.error, undefined)
      return show(c, `Erase ${id}`, <ErasurePlan id={id} plan={plan.value} />)
    })
    .post('/:id/erase', async (c) => {
      const id = c.req.param('id')
      const { sure, suppress } = await fieldsOf(c)
      if (sure !== 'yes') return c.redirect(`${page(id)}/erase`, 303)
      const operator = { ...signedIn(c, tools), env: c.env }
      const erased = await erase(operator, id, suppress === 'yes', tools)
      if (!erased.ok) return showRefusal(c, erased.error, undefined)
      return goTo(c, `${page(id)}/erasure`, 'Erased, as far as this page says.')
    })
    .get('/:id/erasure', async (c) => {
      const id = c.req.param('id')
      const erasure = isPersonId(id) ? await getErasure(c.env.DB, id) : undefined
      if (erasure === undefined) return showRefusal(c, { kind: 'not_erased' }, undefined)
      const values = await listErasedValues(c.env.DB, erasure.person)
      const view = { erasure: shownErasure(erasure), values: values.length }
      return show(c, `Erasure of ${id}`, <Erasure {...view} />)
    })
    .post('/:id/suppress', async (c) => {
      const id = c.req.param('id')
      const isOn = (await fieldsOf(c)).suppress === 'yes'
      const done = await suppressPerson(signedIn(c, tools), id, isOn, tools)
      if (!done.ok) return showRefusal(c, done.error, undefined)
      const text = isOn ? 'Later messages are kept out.' : 'Later messages are let in again.'
      return goTo(c, `${page(id)}/erasure`, text)
    })
}
