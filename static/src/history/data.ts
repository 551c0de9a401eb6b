/** The history of signals as the API tells it, and as a line through it. */
import { call } from "../common/api.ts";

/** A stretch of time in milliseconds, its end not in it. */
export type Stretch = [start: number, end: number];

export interface Columns {
  at?: number[];
  value?: number[];
  quality?: number[];
  start?: number[];
  end?: number[];
  count?: number[];
  min?: number[];
  avg?: (number | null)[];
  max?: number[];
  last?: number[];
  doubtful?: number[];
}

export interface SignalHistory {
  asset: string;
  asset_name: string;
  key: string;
  name: string;
  unit: string;
  columns: Columns;
  /** Microseconds. */
  gaps: [number, number][];
}

export interface Answer {
  shape: "points" | "buckets" | "readings";
  bucket_s: number | null;
  signals: SignalHistory[];
}

/** What is drawn of a signal; `values` is null where the line is lifted. With buckets, `low` and `high` bound it. */
export interface Line {
  /** Milliseconds. */
  times: number[];
  values: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  counts: number[];
  doubtful: Stretch[];
}

/** The words of the address that ask for signals (`ASSET/KEY`) over a stretch. */
export function question(signals: string[], [from, to]: Stretch, more: Record<string, string> = {}): string {
  const words = new URLSearchParams(more);
  for (const signal of signals) words.append("signal", signal);
  words.set("start", new Date(from).toISOString());
  words.set("end", new Date(to).toISOString());
  return words.toString();
}

/** Asks for signals; `api` is such as `/t/nordwerk/api/v1`. */
export function load(api: string, signals: string[], stretch: Stretch, n: number, off: AbortSignal): Promise<Answer> {
  return call<Answer>(
    `${api}/history/?${question(signals, stretch, { n: String(n) })}`,
    undefined,
    {},
    { signal: off },
  );
}

/** Where a moment (in milliseconds) is drawn. */
type Place = (moment: number) => number;

/** The line through a history, each moment `moved` to where it is drawn; lifted over gaps. */
export function lineOf(history: SignalHistory, moved: Place = (moment) => moment): Line {
  return history.columns.at ? ofPoints(history, moved) : ofBuckets(history, moved);
}

function empty(): Line {
  return { times: [], values: [], low: [], high: [], counts: [], doubtful: [] };
}

function push(
  line: Line,
  time: number,
  value: number | null,
  low: number | null,
  high: number | null,
  n: number,
): void {
  line.times.push(time);
  line.values.push(value);
  line.low.push(low);
  line.high.push(high);
  line.counts.push(n);
}

function ofPoints({ columns, gaps }: SignalHistory, moved: Place): Line {
  const [line, at, values, quality] = [empty(), columns.at ?? [], columns.value ?? [], columns.quality ?? []];
  const isBroken = breaks(gaps);
  at.forEach((moment, index) => {
    const [before, value, time] = [at[index - 1], values[index] ?? null, moved(moment / 1000)];
    if (before !== undefined && isBroken(before, moment)) lift(line, moved((before + moment) / 2000));
    push(line, time, value, value, value, 1);
    if (quality[index]) doubt(line, time, time, Boolean(quality[index - 1]));
  });
  return line;
}

/** Whether there is a gap between two moments, of pairs that are asked about in their order. */
function breaks(gaps: [number, number][]): (from: number, to: number) => boolean {
  let next = 0;
  return (from, to) => {
    while ((gaps[next]?.[1] ?? Infinity) <= from) next += 1;
    return (gaps[next]?.[0] ?? Infinity) < to;
  };
}

function lift(line: Line, time: number): void {
  push(line, time, null, null, null, 0);
}

function doubt(line: Line, from: number, to: number, goesOn: boolean): void {
  const last = line.doubtful.at(-1);
  if (goesOn && last) last[1] = to;
  else line.doubtful.push([from, to]);
}

function ofBuckets({ columns, gaps }: SignalHistory, moved: Place): Line {
  const line = empty();
  const { start = [], end = [], min = [], avg = [], max = [], count = [], doubtful = [] } = columns;
  const isBroken = breaks(gaps);
  const at = <Value>(values: Value[], index: number): Value | null => values[index] ?? null;
  start.forEach((first, index) => {
    const [after, before] = [at(end, index) ?? first, at(end, index - 1) ?? first];
    if (before < first && isBroken(before, first)) lift(line, moved((before + first) / 2000));
    push(line, moved((first + after) / 2000), at(avg, index), at(min, index), at(max, index), at(count, index) ?? 0);
    if ((at(doubtful, index) ?? 0) <= 0) return;
    const from = moved(first / 1000);
    doubt(line, from, moved(after / 1000), line.doubtful.at(-1)?.[1] === from);
  });
  return line;
}
