/** The draft of a contract as it is edited: plain JSON (docs/schemas/contract.schema.json), and what is said of it. */
import { asText, isObject, valueAt, withValue, type Json, type JsonObject, type Path } from "../catalogue/document.ts";

/** A sentence of the contract and the places of the draft that it tells. */
export interface Line {
  text: string;
  places: string[];
}

export interface TextSection {
  title: string;
  place: string;
  lines: Line[];
}

/** An asset of the twin with what its evidence will tell. */
export interface KnownAsset {
  id: string;
  name: string;
  type: string;
  measures: Record<string, string>;
  conditions: string[];
}

/** What people write of a contract; the rest of the document follows from it. */
const WRITTEN = [
  "title",
  "customer",
  "twin",
  "effective",
  "terms",
  "preapproved",
  "assumptions",
  "tax_percent",
  "payment_days",
  "acceptance",
  "objection",
  "year_cap_minor",
  "grace",
];

/** The part of a stored draft that is edited. */
export function written(draft: JsonObject): JsonObject {
  return Object.fromEntries(WRITTEN.flatMap((name) => (name in draft ? [[name, draft[name] ?? null]] : [])));
}

/** The items of a list at a path; none where there is no list. */
export function listAt(draft: JsonObject, path: Path): Json[] {
  const found = valueAt(draft, path);
  return Array.isArray(found) ? found : [];
}

/** The draft with another item in a list, before the one at a position. */
export function inserted(draft: JsonObject, path: Path, item: Json, at?: number): JsonObject {
  const items = [...listAt(draft, path)];
  items.splice(at ?? items.length, 0, item);
  return withValue(draft, path, items) as JsonObject;
}

/** The draft with an item of a list some steps further down; the ends of the list hold it. */
export function moved(draft: JsonObject, path: Path, at: number, steps: number): JsonObject {
  const items = [...listAt(draft, path)];
  const to = Math.min(items.length - 1, Math.max(0, at + steps));
  const [item] = items.splice(at, 1);
  if (item === undefined || to === at) return draft;
  items.splice(to, 0, item);
  return withValue(draft, path, items) as JsonObject;
}

/** A name that no clause has yet: `uptime`, then `uptime_2`. */
export function freeName(wanted: string, draft: JsonObject): string {
  const taken = new Set(listAt(draft, ["terms", "clauses"]).map((clause) => asText(valueAt(clause, ["id"]))));
  const stem = wanted.replace(/_\d+$/, "");
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? stem : `${stem}_${number}`;
    if (!taken.has(name)) return name;
  }
}

/** The categories that clauses exclude, each once. */
export function categories(draft: JsonObject): string[] {
  const named = listAt(draft, ["terms", "clauses"]).flatMap((clause) =>
    isObject(clause) ? listAt(clause, ["exclusions"]).map((rule) => asText(valueAt(rule, ["category"]))) : [],
  );
  return [...new Set(named)].filter(Boolean);
}

/** Without what is approved in advance of a category that no clause excludes any more. */
export function consistent(draft: JsonObject): JsonObject {
  const known = new Set(categories(draft));
  const rules = listAt(draft, ["preapproved"]);
  const kept = rules.filter((rule) => known.has(asText(valueAt(rule, ["category"]))));
  return kept.length === rules.length ? draft : { ...draft, preapproved: kept };
}

/** An amount of minor units in major ones, such as `1200.50`. */
export function majorText(minor: Json | undefined, digits: number): string {
  if (typeof minor !== "number" || !Number.isSafeInteger(minor) || minor < 0) return asText(minor);
  if (digits === 0) return String(minor);
  const text = String(minor).padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** The minor units that a text in major ones means, exactly; what it does not mean stays text, and is told of. */
export function minorOf(text: string, digits: number): Json {
  const given = text.trim().replace(/^(\d+),(\d{0,4})$/, "$1.$2");
  const found = /^(\d{1,15})(?:\.(\d*))?$/.exec(given);
  const rest = (found?.[2] ?? "").replace(/0+$/, "");
  if (!found || rest.length > digits) return given;
  const minor = Number(`${found[1] ?? "0"}${rest.padEnd(digits, "0")}`);
  return Number.isSafeInteger(minor) ? minor : given;
}

/** Whether a line tells of a place: the place itself or, with the length of what it names, something around it. */
function reach(line: Line, place: string): number {
  return Math.max(0, ...line.places.map((told) => (place === told || place.startsWith(`${told}/`) ? told.length : 0)));
}

/** The lines that tell of a place: those that name it most closely, else those of what stands within it. */
export function telling(sections: readonly TextSection[], place: string): Set<Line> {
  const lines = sections.flatMap((section) => section.lines);
  if (!place) return new Set();
  const closest = Math.max(0, ...lines.map((line) => reach(line, place)));
  if (closest > 0) return new Set(lines.filter((line) => reach(line, place) === closest));
  return new Set(lines.filter((line) => line.places.some((told) => told.startsWith(`${place}/`))));
}

export interface Change {
  kind: "same" | "gone" | "new";
  text: string;
}

/** How one text became another, line by line: the longest lines in common stay. */
export function difference(before: readonly string[], after: readonly string[]): Change[] {
  const common = commonLengths(before, after);
  const found: Change[] = [];
  let [one, other] = [0, 0];
  while (one < before.length || other < after.length) {
    const [was, is] = [before[one], after[other]];
    if (was !== undefined && was === is) {
      found.push({ kind: "same", text: was });
      one += 1;
      other += 1;
    } else if (
      was !== undefined &&
      (is === undefined || lengthAt(common, one + 1, other) >= lengthAt(common, one, other + 1))
    ) {
      found.push({ kind: "gone", text: was });
      one += 1;
    } else {
      found.push({ kind: "new", text: is ?? "" });
      other += 1;
    }
  }
  return found;
}

const lengthAt = (table: readonly number[][], one: number, other: number): number => table[one]?.[other] ?? 0;

function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const table = before.map(() => new Array<number>(after.length + 1).fill(0));
  table.push(new Array<number>(after.length + 1).fill(0));
  for (let one = before.length - 1; one >= 0; one -= 1)
    for (let other = after.length - 1; other >= 0; other -= 1) {
      const row = table[one];
      if (row)
        row[other] =
          before[one] === after[other]
            ? lengthAt(table, one + 1, other + 1) + 1
            : Math.max(lengthAt(table, one + 1, other), lengthAt(table, one, other + 1));
    }
  return table;
}
