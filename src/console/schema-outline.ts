// A JSON Schema in the short form that programmers read: as a type would be written.

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

/** The type that a schema describes. What it cannot say in short is left out. */
export function sketch(schema: object, indent = ''): string {
  const one = schema as Schema
  if (one.$ref !== undefined) return one.$ref.split('/').at(-1) ?? ''
  if (one.const !== undefined) return JSON.stringify(one.const)
  if (one.enum !== undefined) return one.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = one.anyOf ?? one.oneOf
  if (choices !== undefined) return choices.map((choice) => sketch(choice, indent)).join(' | ')
  if (one.type === 'array') {
    const item = sketch(one.items ?? {}, indent)
    return /^[^{]* \| /.test(item) ? `(${item})[]` : `${item}[]`
  }
  if (one.type === 'object') return objectSketch(one, indent)
  const base = one.type === undefined ? 'anything' : [one.type].flat().join(' | ')
  return one.default === undefined ? base : `${base} = ${JSON.stringify(one.default)}`
}

function objectSketch(
  { properties, required = [], additionalProperties }: Schema,
  indent: string,
): string {
  const inner = `${indent}  `
  const lines = Object.entries(properties ?? {}).map(
    ([name, schema]) =>
      `${inner}${name}${required.includes(name) ? '' : '?'}: ${sketch(schema, inner)}`,
  )
  if (typeof additionalProperties === 'object') {
    lines.push(`${inner}[key]: ${sketch(additionalProperties, inner)}`)
  }
  return lines.length === 0 ? 'object' : `{\n${lines.join('\n')}\n${indent}}`
}
