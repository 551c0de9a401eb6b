/** What time counts as: when the service is owed, what states and gaps count as, and the incidents among them. */
import { joined, overlap, type Span } from "./cells.ts";
import { DAY_MS, secondOfDay, windowLength } from "./clock.ts";
import type { Case, Said, State } from "./evidence.ts";
import { either, lengthOf, list, member, object, objectOf, optional, texts, word, type Document } from "./forms.ts";

/** What a millisecond counts as: its category, with what it is within that, and whether a gap has turned there. */
export interface Counted {
  category: string;
  detail: string;
  number: number;
}

/** An outage: start, end, and where it was cut to whole quanta. */
export type Outage = [start: number, end: number, turn: number];

/** A gap: start, end, what it counts as first, until when, and what it counts as then. */
export type Gap = [start: number, end: number, first: State, turn: number, then: State];

/** An incident: start, when its clock stopped (null: it is open), the clock in milliseconds, the verdict. */
export type Incident = [start: number, stopped: number | null, clock: number, verdict: "met" | "missed" | "open"];

/** What states count as, the outages and gaps that touch the period, and the states with gaps treated. */
export interface Counting {
  counts: Span<Counted>[];
  outages: Outage[];
  gaps: Gap[];
  treated: Span<State>[];
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const THURSDAY = 3; // of the first of January 1970

/** A part of time as it counts. */
export function as(category: string, detail = "", number = 0): Counted {
  return { category, detail, number };
}

/** When the service is owed: always, or in windows that belong to the day on which they start. */
export function owedTime(case_: Case, clause: Document): Span<true>[] {
  const given = optional(clause, "calendar");
  if (given === null) return [[...case_.period, true]];
  const calendar = objectOf("calendar", given, "calendar");
  const windows = list(member(calendar, "weekly"));
  const holidays = texts(either(calendar, "holidays", []));
  const [first = 0, last = 0] = case_.period.map((at) => Math.floor(case_.zone.shown(at) / DAY_MS));
  const owed: Span<true>[] = [];
  for (let day = first - 1; day <= last; day += 1)
    if (!holidays.includes(new Date(day * DAY_MS).toISOString().slice(0, 10)))
      for (const window of windows) owed.push(...openOn(case_, day, window as Document));
  return owed;
}

function openOn(case_: Case, day: number, value: Document): Span<true>[] {
  const window = objectOf("window", value, "calendar/weekly");
  const weekday = DAYS[(day + THURSDAY) % 7] ?? "";
  if (!texts(member(window, "days")).includes(weekday)) return [];
  const [opens, closes] = [secondOfDay(member(window, "from")), secondOfDay(member(window, "to"))];
  const opening = day * DAY_MS + 1000 * opens;
  const closing = opening + 1000 * windowLength(opens, closes);
  return [[case_.zone.local(opening), case_.zone.local(closing), true]];
}

/**
 * What each state counts as.
 *
 * An outage is whole, also beyond the period: dropped when it is shorter than the minimum, else cut at its end to whole
 * quanta. A gap counts from its start to a turn as one thing, then as another.
 */
export function countingOf(case_: Case, clause: Document, states: Span<Said>[]): Counting {
  const rule = objectOf("outages", either(clause, "outages", {}), "outages");
  const [minimum, quantum] = [lengthOf(either(rule, "minimum", "PT0S")), lengthOf(either(rule, "quantum", "PT0S"))];
  const found: Counting = { counts: [], outages: [], gaps: [], treated: [] };
  let before: State = "unknown";
  const plain = states.map(([start, end, says]): Span<State> => [start, end, says.state]);
  for (const [start, end, state] of joined(plain)) {
    if (state === "down") {
      const turn = end - start < minimum ? start : end - (quantum ? (end - start) % quantum : 0);
      found.outages.push([start, end, turn]);
      found.counts.push([start, turn, as("down")], [turn, end, as("up")]);
    } else if (state === "up") found.counts.push([start, end, as("up")]);
    const [first, turn, then] =
      state === "unknown" ? gapOf(member(clause, "gaps"), start, end, before) : ([state, end, state] as const);
    if (state === "unknown") {
      found.gaps.push([start, end, first, turn, then]);
      found.counts.push([start, turn, as("unknown", first)], [turn, end, as("unknown", then, 1)]);
    }
    const pieces: Span<State>[] = [
      [start, turn, first],
      [turn, end, then],
    ];
    found.treated.push(...pieces.filter(([from, to]) => from < to));
    before = state;
  }
  const touches = (one: [number, number, ...unknown[]]): boolean =>
    one[1] > case_.period[0] && one[0] < case_.period[1];
  return { ...found, outages: found.outages.filter(touches), gaps: found.gaps.filter(touches) };
}

/** What a gap counts as until it turns, when that is, and what it counts as then; `unknown` is not at all. */
function gapOf(value: Document[string], start: number, end: number, before: State): [State, number, State] {
  const rule = objectOf("gaps", value, "gaps");
  const policies = ["as_up", "as_down", "exclude", "carry_forward"] as const;
  const policy = word(member(rule, "policy"), "gap policy", ...policies);
  if (policy === "carry_forward") {
    const then = word(member(rule, "then"), "gaps/then", "up", "down");
    return [before, before === "unknown" ? start : Math.min(end, start + lengthOf(member(rule, "carry"))), then];
  }
  const state = ({ as_up: "up", as_down: "down", exclude: "unknown" } as const)[policy];
  return [state, end, state];
}

/**
 * The incidents of a response time.
 *
 * An incident is down time until the asset is up again. Its clock runs in committed time, until the asset is up or the
 * condition holds that stops it.
 */
export function incidentsOf(
  case_: Case,
  clause: Document,
  { treated, committed, held }: { treated: Span<State>[]; committed: Span<unknown>[]; held: Span<true>[] },
): Incident[] {
  const outages = object(either(clause, "outages", {}), "outages");
  const minimum = lengthOf(either(outages, "minimum", "PT0S"));
  const within = lengthOf(member(object(member(clause, "indicator"), "indicator"), "within"));
  const found: Incident[] = [];
  for (const { down, until } of troubles(treated)) {
    const lasted = down.reduce((length, [start, end]) => length + end - start, 0);
    if (!overlap(down, committed) || lasted < minimum) continue;
    const start = Math.max(down[0]?.[0] ?? 0, case_.period[0]);
    const end = Math.min(until, case_.period[1]);
    const answer = held.find(([since, to]) => Math.max(since, start) < Math.min(to, end));
    const stopped = answer ? Math.max(answer[0], start) : end < case_.period[1] ? end : null;
    const running = down.map(([since, to]): Span<true> => [since, stopped === null ? to : Math.min(to, stopped), true]);
    const clock = overlap(running, committed);
    found.push([start, stopped, clock, clock > within ? "missed" : stopped === null ? "open" : "met"]);
  }
  return found;
}

/** Down time until the asset is up again; what is not known in between neither begins nor ends any. */
function troubles(treated: Span<State>[]): { down: Span<State>[]; until: number }[] {
  const found: { down: Span<State>[]; until: number }[] = [];
  const last = treated.at(-1)?.[1] ?? 0;
  let down: Span<State>[] = [];
  for (const piece of [...treated, [last, last, "up"] as Span<State>]) {
    if (piece[2] === "down") down.push(piece);
    else if (piece[2] === "up" && down.length) {
      found.push({ down, until: piece[0] });
      down = [];
    }
  }
  return found;
}
