/** Times: instants in whole milliseconds since 1970, and the clocks of time zones as this browser knows them. */
import { gettext } from "../../common/gettext.ts";
import { RefusedError, UnknownError } from "../canonical.ts";
import { member, numeral, text, type Document, type Given } from "./forms.ts";

export const DAY_MS = 86_400_000;
const DAY_S = 86_400;
const DATE = "2026-03-29".length;
const ZONE = /^(?!posix\/|right\/)[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;
const CLOCK = "([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,3}))?)?";
const MOMENT = new RegExp(
  `^((?:19|20|21)[0-9]{2})-([0-9]{2})-([0-9]{2})(?:T${CLOCK}(?:Z|([+-])([0-9]{2}):([0-9]{2}))?)?$`,
);
const TIME_OF_DAY = new RegExp(`^${CLOCK}$`);

/** The clocks of a place. What they show is told in milliseconds as if it were UTC. */
export class Zone {
  private readonly writer: Intl.DateTimeFormat;
  private readonly known = new Map<number, number>();
  private readonly read = new Map<string, number>();

  constructor(name: string) {
    try {
      if (!ZONE.test(name)) throw new RangeError(name);
      this.writer = new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      throw new UnknownError(gettext("no time zone {name} is here", { name: name.slice(0, 60) }));
    }
  }

  /** What the clocks show at an instant. */
  shown(instant: number): number {
    const second = Math.floor(instant / 1000);
    let ahead = this.known.get(second);
    if (ahead === undefined) {
      ahead = this.written(1000 * second) - 1000 * second;
      this.known.set(second, ahead);
    }
    return instant + ahead;
  }

  private written(instant: number): number {
    const parts = new Map(this.writer.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? NaN;
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  }

  /** The first instant at which the clocks show a time or, where they skip it, a later one. */
  local(wall: number): number {
    const ahead = [wall - DAY_MS, wall + DAY_MS].map((at) => this.shown(at) - at);
    const [low = 0, high = 0] = ahead.map((offset) => wall - offset).sort((one, other) => one - other);
    for (const instant of [low, high]) if (this.shown(instant) === wall) return instant;
    return this.skipped(wall, Math.floor(low / 1000), Math.ceil(high / 1000));
  }

  /** Where the clocks jump over a time; they are set at full seconds. */
  private skipped(wall: number, before: number, after: number): number {
    let [low, high] = [before, after];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.shown(1000 * middle) < wall) low = middle;
      else high = middle;
    }
    return 1000 * high;
  }

  /** A time; without an offset it is one on these clocks, and a day is its midnight. */
  instant(value: Given): number {
    const found = text(value);
    let instant = this.read.get(found);
    if (instant === undefined) {
      instant = this.parsed(found);
      this.read.set(found, instant);
    }
    return instant;
  }

  private parsed(found: string): number {
    const match = MOMENT.exec(found);
    const shown = match ? shownBy(match.slice(1, 8)) : NaN;
    if (!match || !shownAs(shown, found))
      throw new UnknownError(gettext("{found} is not a time", { found: found.slice(0, 60) }));
    const [side, hours, minutes] = match.slice(8) as (string | undefined)[];
    if (side === undefined) return found.endsWith("Z") ? shown : this.local(shown);
    const ahead = 60 * numeral(hours) + numeral(minutes);
    return shown - 60_000 * (side === "-" ? -ahead : ahead);
  }

  /** The start and the end of something; both are the same only where its local times were skipped. */
  span(value: Document, place: string): [start: number, end: number] {
    const [from, to] = [member(value, "from"), member(value, "to")];
    const [start, end] = [this.instant(from), this.instant(to)];
    if (end < start || from === to) throw new RefusedError(gettext("{place} ends before it starts", { place }));
    return [start, end];
  }
}

/** What clocks show by the digits of a time: year to second, and the part of a second. */
function shownBy(digits: (string | undefined)[]): number {
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = digits.slice(0, 6).map(numeral);
  return Date.UTC(year, month - 1, day, hours, minutes, seconds, numeral((digits[6] ?? "").padEnd(3, "0")));
}

/** Whether a time is the one that was written, and not, say, 24 o'clock or the last day of February and one more. */
function shownAs(shown: number, found: string): boolean {
  const written = new Date(shown).toISOString();
  return written.startsWith(found.length > DATE ? found.slice(0, found.slice(16, 17) === ":" ? 19 : 16) : found);
}

/** A time of day in seconds; 24:00 is the end of the day. */
export function secondOfDay(value: Given): number {
  const found = text(value);
  const match = TIME_OF_DAY.exec(found);
  if (!match) throw new UnknownError(gettext("{found} is not a time of day", { found: found.slice(0, 60) }));
  return 3600 * numeral(match[1]) + 60 * numeral(match[2]) + numeral(match[3]);
}

/** How long a window of a day lasts in seconds: up to the end of the next day, and never nothing. */
export function windowLength(opens: number, closes: number): number {
  const rest = (closes - opens - 1) % DAY_S;
  return (rest < 0 ? rest + DAY_S : rest) + 1;
}

/** An instant as ISO 8601 writes it in UTC. */
export function utc(instant: number): string {
  const written = new Date(instant).toISOString();
  const part = written.slice(20, 23);
  return `${written.slice(0, 19)}${part === "000" ? "" : `.${part}000`}Z`;
}
