// The script of the console: keyboard navigation, and copying.

/** Moves the focus up or down a list, to the link of the next row; Enter follows it. */
function move(step) {
  const rows = [...document.querySelectorAll('[data-rows] tbody tr')]
  const at = rows.indexOf(document.activeElement?.closest('tr'))
  const next = at === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))
  rows[next]?.querySelector('a')?.focus()
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  '/': () => document.querySelector('[data-search]')?.focus(),
}

document.addEventListener('keydown', (event) => {
  const field = event.target.closest('input, textarea, select')
  if (field !== null) {
    if (event.key === 'Escape') field.blur()
    return
  }
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
})

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]')
  if (button === null) return
  const text = document.getElementById(button.dataset.copy)?.textContent ?? ''
  const isCopied = await navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  )
  button.textContent = isCopied ? 'Copied' : 'Select and copy it'
})
