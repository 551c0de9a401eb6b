/** Time as the viewer's clock shows it: where an axis has its ticks, and which moment is so many days before another. */
import { DAY } from "./address.ts";
import type { Stretch } from "./data.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
];
const HOURS = [1, 2, 3, 6, 12];
const DAYS = [1, 2, 7, 14];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];

/** By how much the clock is ahead of UTC at a moment, in milliseconds. */
export function ahead(moment: number): number {
  return -new Date(moment).getTimezoneOffset() * MINUTE;
}

/** The moment some time before another; whole days are days of the clock, also where one of them has 23 or 25 hours. */
export function before(moment: number, past: number): number {
  if (past % DAY) return moment - past;
  const then = new Date(moment);
  then.setDate(then.getDate() - past / DAY);
  return then.getTime();
}

/** Round moments of the clock within a stretch, at most about `most`. */
export function ticks([from, to]: Stretch, most: number): number[] {
  const least = (to - from) / Math.max(most, 1);
  const step = STEPS.find((each) => each >= least);
  if (step) return bySteps(from, to, step);
  const [hours, days, months] = [
    HOURS.find((each) => each * HOUR >= least),
    DAYS.find((each) => each * DAY >= least),
    MONTHS.find((each) => each * 28 * DAY >= least) ?? MONTHS.at(-1),
  ];
  const first = new Date(from);
  const [year, month, day] = [first.getFullYear(), first.getMonth(), first.getDate()];
  if (hours) return following(from, to, (index) => new Date(year, month, day, index * hours));
  if (days) return following(from, to, (index) => new Date(year, month, day + index * days));
  const start = (months ?? 1) >= 12 ? 0 : month - (month % (months ?? 1));
  return following(from, to, (index) => new Date(year, start + index * (months ?? 1), 1));
}

function bySteps(from: number, to: number, step: number): number[] {
  const offset = ahead(from);
  const found = [];
  for (let at = Math.ceil((from + offset) / step) * step - offset; at < to; at += step) found.push(at);
  return found;
}

function following(from: number, to: number, moment: (index: number) => Date): number[] {
  const found: number[] = [];
  for (let index = 0; ; index += 1) {
    const at = moment(index).getTime();
    if (at >= to) return found;
    // An hour that the clock leaves out is the same moment as the next one.
    if (at >= from && at !== found.at(-1)) found.push(at);
  }
}

/** What stands at the ticks: the time, and the date where another day begins. */
export function tickTexts(moments: number[], language: string): string[] {
  const [first = 0, second = first] = moments;
  const length = second - first;
  const isOfDays = moments.length > 1 && length >= 23 * HOUR;
  const isOfMonths = isOfDays && length >= 27 * DAY;
  const time = new Intl.DateTimeFormat(language, { timeStyle: length && length < MINUTE ? "medium" : "short" });
  const day = new Intl.DateTimeFormat(language, {
    ...(isOfMonths ? {} : { day: "numeric" }),
    month: "short",
    ...(isOfDays && !isOfMonths ? {} : { year: "numeric" }),
  });
  const year = new Intl.DateTimeFormat(language, { year: "numeric" });
  let [shownDay, shownYear] = ["", ""];
  return moments.map((moment) => {
    const [date, ofYear] = [day.format(moment), year.format(moment)];
    if (isOfDays) {
      const isNew = ofYear !== shownYear && !isOfMonths;
      shownYear = ofYear;
      return isNew ? `${date}<br>${ofYear}` : date;
    }
    const isNew = date !== shownDay;
    shownDay = date;
    return isNew ? `${time.format(moment)}<br>${date}` : time.format(moment);
  });
}

/** The offset of a clock as people write it. */
export function offsetInWords(offset: number): string {
  const minutes = Math.abs(Math.round(offset / MINUTE));
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"));
  return minutes ? `UTC${offset < 0 ? "−" : "+"}${hours}:${rest}` : "UTC";
}
