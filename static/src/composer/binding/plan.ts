/** From suggestions and patterns to operations, and values as they are shown. All of it pure. */
import { gettext } from "../../common/gettext.ts";
import type { Binding, Operation, TwinDocument } from "../model/document.ts";
import type { Candidate, PatternRow, PatternState, SentKey, Source, Suggestion, Transform, Wrong } from "./keys.ts";

export type BindOperation = Extract<Operation, { op: "bind" }>;

/** The name of a key among those of all gateways. */
export function nameOf({ gateway, key }: Source): string {
  return `${gateway}/${key}`;
}

/** The operation that accepts a key for a signal. */
export function accepting(place: string, { gateway, key, unit }: Candidate): BindOperation {
  return { op: "bind", place, gateway, key, ...(unit ? { unit } : {}) };
}

/** The keys that the draft reads, saved or not. */
export function readKeys(document: TwinDocument): Set<string> {
  return new Set(Object.values(document.bindings).map(nameOf));
}

/** The good suggestions that still hold: the signal is there and reads nothing, and nothing else reads the key. */
export function goodOnes(document: TwinDocument, suggestions: Suggestion[]): [string, Candidate][] {
  const read = readKeys(document);
  return suggestions.flatMap(({ place, taken, good }): [string, Candidate][] =>
    good && taken && isOpen(document, place) && !read.has(nameOf(taken)) ? [[place, taken]] : [],
  );
}

/** Whether a signal of an asset that is there reads nothing. */
export function isOpen(document: TwinDocument, place: string): boolean {
  return Boolean(document.assets[place.split("/")[0] ?? ""]) && !document.bindings[place];
}

/** The best key for a signal that is still free: its own share, else the best of the others. */
export function bestFor(document: TwinDocument, suggestion: Suggestion | undefined): Candidate | null {
  if (!suggestion || !isOpen(document, suggestion.place)) return null;
  const read = readKeys(document);
  const offered = [...(suggestion.taken ? [suggestion.taken] : []), ...suggestion.candidates];
  return offered.find((one) => !read.has(nameOf(one))) ?? null;
}

const SENT: readonly PatternState[] = ["fits", "alike"];

/** What a pattern binds: keys that were sent, and when wanted those that have not come yet. */
export function patternOperations(
  document: TwinDocument,
  rows: PatternRow[],
  gateway: string,
  wanted: { unsent: boolean; units: boolean },
): BindOperation[] {
  const states = new Set<PatternState>(wanted.unsent ? [...SENT, "unsent"] : SENT);
  return rows
    .filter((row) => states.has(row.state) && isOpen(document, row.place))
    .map((row) => ({
      op: "bind",
      place: row.place,
      gateway,
      key: row.key,
      ...(wanted.units && row.unit ? { unit: row.unit } : {}),
    }));
}

/** How many signals there are in each state. */
export function counted(rows: PatternRow[]): Map<PatternState, number> {
  const counts = new Map<PatternState, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** What becomes of a signal, as a preview says it. */
export function stateInWords(state: PatternState): string {
  return {
    fits: gettext("will be bound"),
    alike: gettext("will be bound; capitals or separators differ"),
    unsent: gettext("with a key that has not come yet"),
    bound: gettext("read already"),
    taken: gettext("with a key that another signal reads"),
    ambiguous: gettext("with several keys alike"),
    twice: gettext("with the same key as another signal"),
    no_number: gettext("without a number in the name"),
    too_long: gettext("with a key that is too long"),
  }[state];
}

const DIGITS = 5;

/** A number as people read it: as many digits as say something. */
export function figure(value: number | null | undefined, language: string): string {
  if (value == null || !Number.isFinite(value)) return "–";
  return value.toLocaleString(language, { maximumSignificantDigits: DIGITS });
}

/** The fields of a transform as they are saved: nothing that says nothing, and either an expression or a line. */
export function transformOf(
  form: Record<"scale" | "offset" | "unit" | "expression", string>,
  line: boolean,
): Transform {
  const text = (name: keyof typeof form): string | null => form[name].trim() || null;
  const decimal = (name: "scale" | "offset"): string | null => text(name)?.replace(/^(-?\d*),(\d+)$/, "$1.$2") ?? null;
  return {
    scale: line ? decimal("scale") : null,
    offset: line ? decimal("offset") : null,
    unit: text("unit"),
    expression: line ? null : text("expression"),
  };
}

/** A binding with another transform. */
export function rebound(place: string, binding: Binding, transform: Transform): BindOperation {
  return { op: "bind", place, gateway: binding.gateway, key: binding.key, ...transform };
}

/** Whether a text is a decimal number, such as a scale has to be. */
export function isDecimal(text: string): boolean {
  return /^-?(0|[1-9]\d{0,30})([.,]\d{1,30})?$/.test(text.trim());
}

/** What is wrong with a field of a transform, and where in it. */
export function wrongAt(field: string, findings: Wrong[]): { message: string; span: [number, number] | null } | null {
  const found = findings.find((one) => one.place.replace(/:.*/, "") === `binding/${field}`);
  if (!found) return null;
  const span = /:(\d+)-(\d+)$/.exec(found.place);
  const [start, end] = [Number(span?.[1] ?? 0), Number(span?.[2] ?? 0)];
  return { message: `${found.message} ${found.fix}`, span: end > start ? [start, end] : null };
}

/** A line through values, for a box of a width and a height; what is unknown parts it. */
export function linePath(values: (number | null)[], width: number, height: number): string {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length === 0) return "";
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const y = (value: number): number => (high > low ? height * (1 - (value - low) / (high - low)) : height / 2);
  let isDown = false;
  const moves = values.map((value, place) => {
    if (value === null || !Number.isFinite(value)) {
      isDown = false;
      return "";
    }
    const move = `${isDown ? "L" : "M"}${round(place * step)} ${round(y(value))}`;
    isDown = true;
    return values.length === 1 ? `${move}h${width}` : move;
  });
  return moves.filter(Boolean).join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What a key is like, for those who cannot see its chart. */
export function keyInWords(one: SentKey, language: string): string {
  const range = { low: figure(one.low, language), high: figure(one.high, language) };
  return one.low === one.high ? figure(one.value, language) : gettext("from {low} to {high}", range);
}
