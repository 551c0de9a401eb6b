/** Live values on an asset of the canvas, written straight to the page: nothing is drawn anew but what has changed. */
import { icon } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { ageInWords } from "../../common/times.ts";
import { symbol } from "../../common/units.ts";
import { formatOf, lookOf } from "../../live/fleet.ts";
import { qualityLook } from "../../tiles/quality.ts";
import { inLanguage, type AssetType, type SignalType } from "../model/catalogue.ts";
import { isOdd, isStale, shownSignals, type Alarm, type LiveValues, type Reading } from "./values.ts";

const language = document.documentElement.lang || "en";
const UNKNOWN: SignalType = { unit: "1" };
/** Making one takes longer than all else that is done for a value. */
const writers = new WeakMap<SignalType, (value: number) => string>();

/** What a signal of a type is. */
export function signalOf(type: AssetType | undefined, signal: string): SignalType {
  return type?.signals[signal] ?? type?.derived?.[signal] ?? UNKNOWN;
}

/** What a signal is called. */
export function nameOfSignal(type: AssetType | undefined, signal: string): string {
  return inLanguage(signalOf(type, signal).name, language) || signal.replaceAll("_", " ");
}

/** A value with its unit, with as many decimals as the range of its signal asks for. */
export function valueInWords(signal: SignalType, [, value]: Reading): string {
  const write = writers.get(signal) ?? formatOf({ key: "", name: "", range: signal.range ?? null }, language);
  writers.set(signal, write);
  return `${write(value)} ${symbol(signal.unit)}`.trim();
}

/** What is to be said of a reading beside its age: that it is old or doubtful, with an icon; nothing when it is good. */
export function doubtOf(type: SignalType, reading: Reading, now: number): [word: string, icon: string] | null {
  if (isStale(type, reading, now)) return [gettext("Stale"), "clock"];
  if (reading[2] !== 0) {
    const [word, name] = qualityLook(reading[2]);
    return [word, name];
  }
  return isOdd(type, reading) ? [gettext("Out of range"), "alert-triangle"] : null;
}

interface Mark {
  tone: string;
  icon: string;
  word: string;
  title: string;
}

interface Line {
  name: string;
  value: string;
  age: string;
  doubt: [word: string, icon: string] | null;
}

/** What is said of an asset. */
interface Facts {
  status: Mark;
  alarm: Mark | null;
  lines: Line[];
}

/** The most urgent alarm, with how many there are. */
function alarmMark(alarms: readonly Alarm[]): Mark | null {
  const [first] = alarms;
  if (!first) return null;
  const isUrgent = first.priority === "critical" || first.priority === "high";
  return {
    tone: isUrgent ? "bad" : "warning",
    icon: "bell",
    word:
      alarms.length > 1
        ? gettext("{name} and {count} more", { name: first.name, count: alarms.length - 1 })
        : first.name,
    title: alarms.map((each) => `${each.name} (${each.priority})`).join("\n"),
  };
}

function factsOf(
  live: LiveValues,
  asset: string,
  type: AssetType | undefined,
  chosen: readonly string[] | undefined,
): Facts {
  const now = Date.now();
  const signals = [...Object.keys(type?.signals ?? {}), ...Object.keys(type?.derived ?? {})];
  const keys = shownSignals(signals, chosen, (signal) => live.reading(asset, signal) !== undefined);
  const [word, name, tone] = lookOf(live.status(asset, type?.signals ?? {}, now));
  const lines = keys.flatMap((key): Line[] => {
    const [of, reading] = [signalOf(type, key), live.reading(asset, key)];
    if (!reading) return [];
    return [
      {
        name: nameOfSignal(type, key),
        value: valueInWords(of, reading),
        age: ageInWords(Date.parse(reading[0]), now),
        doubt: doubtOf(of, reading, now),
      },
    ];
  });
  return { status: { tone, icon: name, word, title: "" }, alarm: alarmMark(live.alarmsOf(asset)), lines };
}

function element(name: string, className: string, ...parts: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.append(...parts);
  return made;
}

/** A state as colour, icon and word. */
export function mark(tone: string, name: string, word: string): HTMLElement {
  return element("span", `state state-${tone}`, icon(name), element("span", "", word));
}

function drawAlarm({ tone, icon: name, word, title }: Mark): HTMLElement {
  const made = mark(tone, name, word);
  made.classList.add("live-alarm");
  made.title = title;
  return made;
}

function drawLine({ name, value, age, doubt }: Line): HTMLElement {
  const old = doubt ? [icon(doubt[1]), `${doubt[0]}, ${age}`] : [age];
  return element(
    "div",
    doubt ? "live-line live-doubt" : "live-line",
    element("span", "", name),
    element("strong", "", value),
    element("small", "", ...old),
  );
}

const drawn = new WeakMap<HTMLElement, string>();

/** Writes what is known of an asset into its place on the canvas, unless it stands there already. */
export function drawAsset(
  place: HTMLElement,
  live: LiveValues,
  asset: string,
  type: AssetType | undefined,
  chosen: readonly string[] | undefined,
): void {
  const facts = factsOf(live, asset, type, chosen);
  const text = JSON.stringify(facts);
  if (drawn.get(place) === text) return;
  drawn.set(place, text);
  const marks = element("div", "live-marks", mark(facts.status.tone, facts.status.icon, facts.status.word));
  if (facts.alarm) marks.append(drawAlarm(facts.alarm));
  const lines = facts.lines.length > 0 ? [element("div", "live-lines", ...facts.lines.map(drawLine))] : [];
  place.replaceChildren(marks, ...lines);
}
