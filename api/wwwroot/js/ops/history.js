// Samples of the overview, the last ten minutes of them, and what follows from differences between them. Pure.

/** Seconds that are kept. */
export const KEPT = 600;

const LEAST_SHOWN = 120_000;

/** Seconds over which a rate is taken: between two samples alone it would jump. */
const OVER = 10;

/** A sample of an overview: { at (ms), accepted, delivered, p50, p95, p99, age, lag }; what is absent is null. */
export const sampleOf = overview => ({
  at: Date.parse(overview.at),
  accepted: overview.totals?.accepted ?? null,
  delivered: overview.totals?.delivered ?? null,
  p50: overview.latency?.p50 ?? null,
  p95: overview.latency?.p95 ?? null,
  p99: overview.latency?.p99 ?? null,
  age: overview.queueAgeSeconds ?? null,
  lag: overview.lag.some(l => l.behind === undefined || l.behind === null) ? null : overview.lag.reduce((sum, l) => sum + l.behind, 0),
});

/** The samples with one more: without what is too old, and without a moment twice. */
export function added(samples, sample) {
  if (samples.length > 0 && sample.at <= samples.at(-1).at) return samples;
  return [...samples.filter(s => s.at > sample.at - KEPT * 1000), sample];
}

/** Per sample, how many a second of a total there were lately; null where it is not known, or the log began anew. */
export function rates(samples, name) {
  let first = 0;
  return samples.map((sample, i) => {
    while (first < i && samples[first].at < sample.at - OVER * 1000) first++;
    const from = samples[first];
    const seconds = (sample.at - from.at) / 1000;
    if (seconds < 1 || sample[name] === null || from[name] === null || sample[name] < from[name]) return null;
    return (sample[name] - from[name]) / seconds;
  });
}

/** Milliseconds that a chart shows: what there is, and never so little that a line is a dot. */
export const spanOf = times => times.length === 0 ? LEAST_SHOWN
  : Math.min(KEPT * 1000, Math.max(LEAST_SHOWN, times.at(-1) - times[0]));

/** A number at or above the largest value whose half is round too, for an axis. */
export function roundUp(value, least = 0) {
  if (!(value > least)) return least || 1;
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map(f => f * step).find(n => n >= value * 0.999);
}
