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
  if (one.$ref !== undefined) return one.$ref.split('/').at(-1) ?? ''
  if (one.const !== undefined) return JSON.stringify(one.const)
  if (one.enum !== undefined) return one.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = one.anyOf ?? one.oneOf
  if (choices !== undefined) return choices.map((choice) => outline(choice, indent)).join(' | ')
  if (one.type === 'array') {
    const item = outline(one.items ?? {}, indent)
    return /^[^{]* \| /.test(item) ? `(${item})[]` : `${item}[]`
  }
  if (one.type === 'object') return objectOutline(one, indent)
  const base = one.type === undefined ? 'anything' : [one.type].flat().join(' | ')
  return one.default === undefined ? base : `${base} = ${JSON.stringify(one.default)}`
}

function objectOutline(
  { properties, required = [], additionalProperties }: Schema,
  indent: string,
): string {
  const inner = `${indent}  `
  const lines = Object.entries(properties ?? {}).map(
    ([name, schema]) =>
      `${inner}${name}${required.includes(name) ? '' : '?'}: ${outline(schema, inner)}`,
  )
  if (typeof additionalProperties === 'object') {
    lines.push(`${inner}[key]: ${outline(additionalProperties, inner)}`)
  }
  return lines.length === 0 ? 'object' : `{\n${lines.join('\n')}\n${indent}}`
}
