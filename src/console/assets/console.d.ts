// The script as its text: a rule of wrangler.toml.
declare const text: string
export default text
