// Files that are imported as their text: the rules of wrangler.toml.
declare module '*.css' {
  const text: string
  export default text
}
declare module 'htmx.org/dist/htmx.min.js' {
  const text: string
  export default text
}
declare module '*.txt' {
  const text: string
  export default text
}
declare module '*.svg' {
  const text: string
  export default text
}
