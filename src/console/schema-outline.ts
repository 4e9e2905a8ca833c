// A JSON Schema in short: as a type is written in TypeScript.

type Schema = {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  format?: string
  default?: unknown
}

/** The type that a schema describes, without details such as patterns and limits. */
export function outline(schema: object, indent = ''): string {
  const one = schema as Schema
  const type = alternatives(one, indent).join(' | ')
  return one.default === undefined ? type : `${type} = ${JSON.stringify(one.default)}`
}

/** The types of which a value has one: that of a schema, and null, or those that it lets choose from. */
function alternatives(schema: Schema, indent: string): string[] {
  const { $ref, type, enum: values, anyOf, oneOf } = schema
  if ($ref !== undefined) return [$ref.split('/').at(-1) ?? '']
  if (schema.const !== undefined) return [JSON.stringify(schema.const)]
  if (values !== undefined) return values.map((value) => JSON.stringify(value))
  if (type === undefined) {
    const choices = (anyOf ?? oneOf)?.flatMap((choice) => alternatives(choice, indent))
    return choices ?? ['anything']
  }
  return [type].flat().map((one) => {
    if (one === 'array') return arrayOutline(schema, indent)
    return one === 'object' ? objectOutline(schema, indent) : one
  })
}

function arrayOutline({ items = {} }: Schema, indent: string): string {
  const types = alternatives(items, indent)
  return types.length > 1 ? `(${types.join(' | ')})[]` : `${types}[]`
}

function objectOutline(schema: Schema, indent: string): string {
  const { properties = {}, required = [], additionalProperties, anyOf, oneOf } = schema
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(
    ([name, one]) => `${name}${required.includes(name) ? '' : '?'}: ${outline(one, inner)}`,
  )
  if (typeof additionalProperties === 'object') {
    lines.push(`[key]: ${outline(additionalProperties, inner)}`)
  }
  if (anyOf !== undefined) lines.push(`// at least one of ${namesIn(anyOf)}`)
  if (oneOf !== undefined) lines.push(`// exactly one of ${namesIn(oneOf)}`)
  if (lines.length === 0) return 'object'
  return `{\n${lines.map((line) => `${inner}${line}\n`).join('')}${indent}}`
}

/** The keys that choices require: beside the properties of an object, a choice says that and no more. */
function namesIn(choices: readonly Schema[]): string {
  return choices.flatMap(({ required = [] }) => required).join(', ')
}
