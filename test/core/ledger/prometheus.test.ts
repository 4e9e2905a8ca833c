// The text that Prometheus reads, character by character, and as an independent parser reads it.
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { describe, expect, it } from 'vitest'
import { formatMetrics } from '../../../src/core/ledger/prometheus.ts'

describe('metrics as text', () => {
  it('are written in the text format', () => {
    const text = formatMetrics([
      {
        name: 'attempts_total',
        help: 'Attempts.',
        type: 'counter',
        samples: [
          { labels: { target: 'crm', outcome: '5xx' }, value: 3 },
          { labels: {}, value: 0.25 },
        ],
      },
      {
        name: 'answer_seconds',
        help: 'How long.',
        type: 'histogram',
        bounds: [250, 1000],
        samples: [{ labels: { target: 'crm' }, histogram: { counts: [2, 3, 1], ms: 4500 } }],
      },
      { name: 'nothing', help: 'None.', type: 'gauge', samples: [] },
    ])

    expect(text).toBe(`# HELP attempts_total Attempts.
# TYPE attempts_total counter
attempts_total{target="crm",outcome="5xx"} 3
attempts_total 0.25
# HELP answer_seconds How long.
# TYPE answer_seconds histogram
answer_seconds_bucket{target="crm",le="0.25"} 2
answer_seconds_bucket{target="crm",le="1"} 5
answer_seconds_bucket{target="crm",le="+Inf"} 6
answer_seconds_sum{target="crm"} 4.5
answer_seconds_count{target="crm"} 6
# HELP nothing None.
# TYPE nothing gauge
`)
  })

  it.each(['a"b', 'a\\b', 'a\\nb', 'a\nb', 'a}b', 'a,b="c"', 'é 😀', '\\'])(
    'keep the value %j',
    (value) => {
      const text = formatMetrics([
        {
          name: 'one',
          help: `help of ${value}`,
          type: 'gauge',
          samples: [{ labels: { target: value }, value: 1 }],
        },
      ])

      expect(text.trim().split('\n')).toHaveLength(3)
      expect(parsePrometheusTextFormat(text)).toEqual([
        {
          name: 'one',
          help: `help of ${value}`,
          type: 'GAUGE',
          metrics: [{ value: '1', labels: { target: value } }],
        },
      ])
    },
  )
})
