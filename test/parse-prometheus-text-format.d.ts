// The package brings no types.
declare module 'parse-prometheus-text-format' {
  export type ParsedFamily = {
    name: string
    help: string
    type: string
    metrics: { labels?: Record<string, string>; value: string }[]
  }
  export default function parsePrometheusTextFormat(text: string): ParsedFamily[]
}
