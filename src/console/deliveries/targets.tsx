// The targets: their state and figures; pausing, resuming and testing them.

import { pluralize } from '../../core/text.ts'
import { NotConfigured, State, Time } from '../components.tsx'
import { Act } from '../forms.tsx'
import { linkTo } from '../links.ts'
import type { TargetView } from '../views.ts'
import { backlog, percentiles, successRate } from './health.tsx'

/** The page. */
export function Targets({ targets }: { targets: readonly TargetView[] }) {
  if (targets.length === 0) return <NotConfigured what="target" />
  return (
    <div class="cards">
      {targets.map((target) => (
        <Target target={target} />
      ))}
    </div>
  )
}

function Target({ target }: { target: TargetView }) {
  const { name, state, reason, held_until, failures, failing_since, next_probe_at, figures } =
    target
  return (
    <article id={name}>
      <h2>
        {name} <State name={state} />
      </h2>
      {reason !== null && <p class="bad">{reason}</p>}
      <dl>
        {failing_since !== null && (
          <>
            <dt>failing since</dt>
            <dd>
              <Time at={failing_since} /> <span>({failures} in a row)</span>
            </dd>
          </>
        )}
        {held_until !== null && (
          <>
            <dt>held until</dt>
            <dd>
              <Time at={held_until} />
            </dd>
          </>
        )}
        {next_probe_at !== null && (
          <>
            <dt>next probe</dt>
            <dd>
              <Time at={next_probe_at} />
            </dd>
          </>
        )}
        <dt>last 24 h</dt>
        <dd>{successRate(target)}</dd>
        <dt>response time</dt>
        <dd>
          <span>{percentiles(target) || 'no data'}</span> <span>(p50 / p95 / p99)</span>
        </dd>
        <dt>backlog</dt>
        <dd>
          <a href={linkTo('/console/deliveries', { target: name, state: 'held' })}>
            {figures?.backlog.held ?? 0} held
          </a>
          ,{' '}
          <a href={linkTo('/console/deliveries', { target: name, state: 'retrying' })}>
            {figures?.backlog.retrying ?? 0} retrying
          </a>
          , <span>{backlog(target)} in total</span>
        </dd>
        <dt>last success</dt>
        <dd>{figures?.last_success ? <Time at={figures.last_success.at} /> : 'none'}</dd>
        <dt>last failure</dt>
        <dd>
          {figures?.last_failure ? (
            <>
              <Time at={figures.last_failure.at} />{' '}
              <span>({figures.last_failure.status ?? figures.last_failure.outcome})</span>
            </>
          ) : (
            'none'
          )}
        </dd>
      </dl>
      {state !== 'unknown' && <TargetActs target={target} held={figures?.backlog.held ?? 0} />}
    </article>
  )
}

function TargetActs({ target: { name, state }, held }: { target: TargetView; held: number }) {
  const path = `/console/targets/${encodeURIComponent(name)}`
  const isStopped = ['paused', 'backing_off', 'failing', 'gone'].includes(state)
  return (
    <footer class="acts">
      {state === 'active' || state === 'backing_off' ? (
        <Act action={`${path}/pause`} name="Pause" isQuiet={true} />
      ) : null}
      {isStopped && (
        <Act
          action={`${path}/resume`}
          name={
            held === 0
              ? 'Resume'
              : `Resume and send ${pluralize(held, 'held delivery', 'held deliveries')}`
          }
        />
      )}
      {state !== 'broken' && <Act action={`${path}/test`} name="Send test event" isQuiet={true} />}
      <Act
        method="get"
        action="/console/replays"
        name="Replay …"
        values={{ target: name }}
        isQuiet={true}
      />
    </footer>
  )
}
