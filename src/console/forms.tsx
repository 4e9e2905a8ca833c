// What forms consist of: buttons, selects, text fields, hidden fields.
import type { Child } from 'hono/jsx'

/** The hidden fields of a form. */
export function Hidden({ values }: { values: Record<string, string> }) {
  return (
    <>
      {Object.entries(values).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  )
}

/** A form that changes something. Pages for viewers do not show it (console.css), and the server refuses it. */
export function ChangeForm({
  action,
  class: name,
  children,
}: {
  action: string
  class?: string
  children?: Child
}) {
  return (
    <form method="post" action={action} class={name} data-change="">
      {children}
    </form>
  )
}

/** A button as a form of its own, so that it needs no script. `values` are its hidden fields. */
export function Act({
  action,
  name,
  values = {},
  isQuiet = false,
  method = 'post',
}: {
  action: string
  name: string
  values?: Record<string, string>
  isQuiet?: boolean
  /** `get` for a button that only opens a page, `preview` for one that posts a form and changes nothing. */
  method?: 'post' | 'get' | 'preview'
}) {
  const content = (
    <>
      <Hidden values={values} />
      <button type="submit" class={isQuiet ? 'outline' : undefined}>
        {name}
      </button>
    </>
  )
  if (method === 'post') return <ChangeForm action={action}>{content}</ChangeForm>
  return (
    <form method={method === 'get' ? 'get' : 'post'} action={action}>
      {content}
    </form>
  )
}

/** A select with an option for all. */
export function Choice({
  label,
  name,
  of,
  chosen,
  all = 'all',
}: {
  label: string
  name: string
  of: readonly string[]
  chosen: string | undefined
  all?: string
}) {
  return (
    <label>
      {label}
      <select name={name}>
        <option value="">{all}</option>
        {of.map((one) => (
          <option value={one} selected={one === chosen}>
            {one}
          </option>
        ))}
      </select>
    </label>
  )
}

/** A text field. */
export function Field({
  label,
  name,
  value,
  hint,
  list,
  isSearch = false,
  isRequired = false,
}: {
  label: string
  name: string
  value?: string | undefined
  hint?: string
  /** The ID of a datalist. */
  list?: string | undefined
  isSearch?: boolean
  isRequired?: boolean
}) {
  return (
    <label>
      {label}
      <input
        name={name}
        value={value}
        placeholder={hint}
        list={list}
        data-search={isSearch ? '' : undefined}
        required={isRequired}
        autocomplete="off"
      />
    </label>
  )
}
