// The broken links of a page.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Page, ROOT, withoutBlocks } from './pages.ts'

/**
 * The relative links and anchors of `page` that do not resolve, as they are written. `pages` are those whose headings
 * are known. Links to other sites are not followed.
 */
export function brokenLinks(page: Page, pages: readonly Page[]): string[] {
  return linksOf(page).filter((link) => {
    const [file = '', anchor] = link.split('#')
    const name = file === '' ? page.name : path.posix.join(path.posix.dirname(page.name), file)
    if (!existsSync(path.join(ROOT, name))) return true
    if (anchor === undefined) return false
    const target = name === page.name ? page : pages.find((other) => other.name === name)
    return target === undefined || !anchorsOf(target).has(anchor)
  })
}

/** Links and pictures, without those to other sites. */
function linksOf({ text }: Page): string[] {
  return [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)|^\[[^\]\n]+\]: (\S+)$/gm)]
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((link) => !/^[a-z]+:/i.test(link))
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutBlocks(page.text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    const repeats = [...anchors].filter((other) => other.replace(/-\d+$/, '') === anchor).length
    anchors.add(repeats === 0 ? anchor : `${anchor}-${repeats}`)
  }
  return anchors
}
