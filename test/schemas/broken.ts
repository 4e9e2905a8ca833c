// Broken copies of real data, each with one fault that its schema states: a key that is missing, a value of another type,
// a word that is none of the list, text in another format.

/** The part of a schema that faults are made from. */
export type Schema = {
  $ref?: string
  $defs?: Record<string, Schema>
  oneOf?: Schema[]
  type?: string | string[]
  enum?: unknown[]
  format?: string
  pattern?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
}

type Value = unknown

/** All copies of some data with one fault each. `root` has the definitions. */
export function brokenCopies(root: Schema, data: Value): Value[] {
  return faultsIn(root, root, data)
}

function faultsIn(root: Schema, schema: Schema, value: Value): Value[] {
  const { $ref, oneOf } = schema
  if ($ref !== undefined)
    return faultsIn(root, root.$defs?.[$ref.replace('#/$defs/', '')] ?? {}, value)
  if (oneOf !== undefined) {
    const [one = {}] = oneOf
    return value === null ? [true] : faultsIn(root, one, value)
  }
  if (schema.properties !== undefined) return [7, ...faultsInObject(root, schema, value)]
  if (schema.items !== undefined) {
    const [first, ...rest] = value as Value[]
    if (first === undefined) return [{}]
    return [{}, ...faultsIn(root, schema.items, first).map((fault) => [fault, ...rest])]
  }
  return faultsOfText(schema)
}

/** An object without a key that is required, or with a fault in a member. */
function faultsInObject(root: Schema, { properties = {}, required = [] }: Schema, value: Value) {
  const object = value as Record<string, Value>
  const without = required.map((key) => {
    const { [key]: _, ...rest } = object
    return rest
  })
  const within = Object.entries(properties).flatMap(([key, schema]) =>
    key in object
      ? faultsIn(root, schema, object[key]).map((fault) => ({ ...object, [key]: fault }))
      : [],
  )
  return [...without, ...within]
}

/** Values that a schema without members refuses; none for one that takes anything. */
function faultsOfText({ type, enum: words, format, pattern }: Schema): Value[] {
  if (type === undefined) return []
  const faults: Value[] = [[]]
  if (words !== undefined || format !== undefined || pattern !== undefined) faults.push('no such')
  if (type === 'integer') faults.push(1.5)
  return faults
}
