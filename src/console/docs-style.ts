// The style of the API's page, light and dark by the reader's own setting.

export const DOCS_STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h4 { font-size: .85rem; margin: 1rem 0 .25rem; font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: LinkText; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary span { display: block; opacity: .8; padding-left: 1.1rem; }
summary b { font-size: .75rem; letter-spacing: .03em; }
b.get { color: light-dark(#0a6b3d, #5fd39b); }
b.post { color: light-dark(#8a4b00, #f0b060); }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; background: color-mix(in srgb, currentColor 6%, transparent); border-radius: .3rem; margin: .25rem 0; padding: .6rem .8rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .875rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top; font-weight: 400; }
`
