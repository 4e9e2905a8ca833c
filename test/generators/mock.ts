// Asks a mock server for the answer of every GET, and checks it: by the schema of the document, and that it has our examples.
import { readFileSync } from 'node:fs'
import Ajv2020 from 'ajv/dist/2020.js'

type Json = Record<string, unknown>
type Parameter = { name: string; in: string; required?: boolean; schema: { examples?: unknown[] } }
type Operation = {
  operationId: string
  parameters?: Parameter[]
  responses: Record<string, { content?: Record<string, { schema: Json }> }>
}

const [, , url = ''] = process.argv
const document = JSON.parse(readFileSync(process.env.DOCUMENT ?? '', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>
  components: Json
}
const EXAMPLES = JSON.stringify(document).matchAll(/"examples":\["([^"]+)"\]/g)
const examples = [...new Set([...EXAMPLES].map(([, text = '']) => text))]
const ajv = new Ajv2020({ strict: false, validateFormats: false })

/** Waits for the server, for a minute. */
async function ask(path: string): Promise<Response> {
  const headers = { authorization: 'Bearer token' }
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${url}${path}`, { headers }).catch(() => undefined)
    if (response !== undefined) return response
    if (tries > 240) throw new Error('the mock server does not answer')
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** The path of an operation with the examples of its placeholders. */
function filled(path: string, { parameters = [] }: Operation): string {
  return parameters.reduce(
    (text, { name, schema }) => text.replace(`{${name}}`, String(schema.examples?.[0])),
    path,
  )
}

const faults: string[] = []
let answers = 0
for (const [path, { get }] of Object.entries(document.paths)) {
  const schema = get?.responses['200']?.content?.['application/json']?.schema
  if (get === undefined || schema === undefined) continue
  const response = await ask(filled(path, get))
  const text = await response.text()
  if (response.status !== 200) faults.push(`${get.operationId}: ${response.status} ${text}`)
  else {
    answers++
    const validate = ajv.compile({ ...schema, components: document.components })
    if (!validate(JSON.parse(text)))
      faults.push(`${get.operationId}: ${ajv.errorsText(validate.errors)}`)
    const hasIds = /"(id|event)":"/.test(text)
    if (hasIds && !examples.some((example) => text.includes(`"${example}"`)))
      faults.push(`${get.operationId}: none of our examples is in ${text}`)
  }
}
console.log(`${answers} answers`)
for (const fault of faults) console.error(fault)
process.exit(faults.length === 0 && answers > 0 ? 0 : 1)
