/** The document of an asset type as it is edited: plain JSON, whatever stands in it (docs/schemas/asset-type.schema.json). */
import { BEFORE, counted, indicator } from "./indicators.ts";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;
/** Where something stands: the keys that lead to it. */
export type Path = readonly string[];
/** An asset type as JSON; a draft may be as unsound as it likes. */
export type TypeDocument = JsonObject;

/** What is wrong, and where: a path joined by slashes, and within a formula the part of it, in code points. */
export interface Finding {
  code: string;
  place: string;
  message: string;
  fix: string;
  severity?: "error" | "hint";
  start?: number | null;
  end?: number | null;
}

/** The sections of a type that are handed down key by key. */
export const SECTIONS = [
  "properties",
  "signals",
  "derived",
  "states",
  "alarms",
  "constraints",
  "commands",
  "ports",
  "relationships",
  "components",
  "failure_modes",
  "maintenance",
  "indicators",
] as const;
export type Section = (typeof SECTIONS)[number];

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two values say the same. */
export function same(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => same(each, other[index]));
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
  );
}

/** The value at a path, undefined where there is none. */
export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (isObject(found) && Object.hasOwn(found, step)) found = found[step];
    else return undefined;
  }
  return found;
}

/** The same value with another one at a path; undefined takes it out. Objects on the way are made. */
export function withValue(value: Json | undefined, path: Path, wanted: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return wanted ?? {};
  if (Array.isArray(value)) {
    const items = [...value];
    if (rest.length === 0 && wanted === undefined) items.splice(Number(step), 1);
    else items[Number(step)] = withValue(items[Number(step)], rest, wanted);
    return items;
  }
  const parts = { ...(isObject(value) ? value : {}) };
  if (rest.length > 0) return { ...parts, [step]: withValue(parts[step], rest, wanted) };
  if (wanted !== undefined) return { ...parts, [step]: wanted };
  return Object.fromEntries(Object.entries(parts).filter(([key]) => key !== step));
}

/** The document with another value at a path. What is left empty by taking something out goes too. */
export function edited(document: TypeDocument, path: Path, wanted: Json | undefined): TypeDocument {
  let next = withValue(document, path, wanted) as TypeDocument;
  if (wanted !== undefined) return next;
  for (let length = path.length - 1; length > 0; length -= 1) {
    const above = path.slice(0, length);
    // An element that says nothing of its own still is there, unless it only was an override.
    if (length === 2 || !isEmpty(valueAt(next, above))) break;
    next = withValue(next, above, undefined) as TypeDocument;
  }
  return next;
}

function isEmpty(value: Json | undefined): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

/** Always the same, so that what depends on it sees that nothing changed. */
const NONE: JsonObject = {};

/** The elements of a section of the document's own, by key. */
export function ownElements(document: TypeDocument, section: string): JsonObject {
  const found = document[section];
  return isObject(found) ? found : NONE;
}

const NAMED = new Set<string>(["properties", "signals", "derived", "states"]);
const REFERENCES: Record<string, readonly [string, string][]> = {
  signals: [
    ["failure_modes", "signals"],
    ["alarms", "signal"],
  ],
  derived: [
    ["failure_modes", "signals"],
    ["alarms", "signal"],
  ],
  failure_modes: [["maintenance", "restores"]],
  alarms: [["alarms", "suppressed_by"]],
};
/** Where formulas stand, by section: the field, or the element itself. */
export const FORMULAS: Record<string, readonly string[]> = {
  derived: ["formula"],
  states: [""],
  alarms: ["when", "suppressed_when"],
  constraints: ["holds"],
  commands: ["when"],
};

/** The document with an element of its own called by another key, and all that spoke of it with it; the order stays. */
export function rekeyed(document: TypeDocument, section: Section, from: string, to: string): TypeDocument {
  const elements = ownElements(document, section);
  if (from === to || !(from in elements) || to in elements) return document;
  const renamed = Object.entries(elements).map(([key, value]) => [key === from ? to : key, value] as const);
  let next: TypeDocument = { ...document, [section]: Object.fromEntries(renamed) };
  for (const [where, field] of REFERENCES[section] ?? []) next = withReferences(next, where, field, from, to);
  if (NAMED.has(section)) next = withIndicators(withFormulas(next, from, to), from, to);
  return next;
}

function changedElements(document: TypeDocument, section: string, change: (element: Json) => Json): TypeDocument {
  const elements = ownElements(document, section);
  if (Object.keys(elements).length === 0) return document;
  const changed = Object.entries(elements).map(([key, element]) => [key, change(element)] as const);
  return { ...document, [section]: Object.fromEntries(changed) };
}

function withReferences(document: TypeDocument, section: string, field: string, from: string, to: string) {
  return changedElements(document, section, (element) => {
    if (!isObject(element)) return element;
    const held = element[field];
    if (held === from) return { ...element, [field]: to };
    return Array.isArray(held) ? { ...element, [field]: held.map((each) => (each === from ? to : each)) } : element;
  });
}

function withFormulas(document: TypeDocument, from: string, to: string): TypeDocument {
  const written = (text: Json | undefined): Json | undefined =>
    typeof text === "string" ? renamedInFormula(text, from, to) : text;
  return Object.entries(FORMULAS).reduce(
    (next, [section, fields]) =>
      changedElements(next, section, (element) => {
        if (!isObject(element)) return written(element) ?? element;
        return fields.reduce<Json>(
          (part, field) =>
            isObject(part) && field in part ? { ...part, [field]: written(part[field]) ?? null } : part,
          element,
        );
      }),
    document,
  );
}

const WORDS = /"[^"\n]*"|\{[^{}\n]*\}|\[[^[\]\n]*\]|[A-Za-z_][A-Za-z0-9_]*/g;

/** A formula that calls a name something else; texts, units in brackets and units behind numbers stay. */
export function renamedInFormula(text: string, from: string, to: string): string {
  return text.replace(WORDS, (word, at: number) => {
    const before = text.slice(0, at);
    const isUnit = /[0-9.][ \t]*$/.test(before) || /[0-9][ \t]*[A-Za-z%]+[./]$/.test(before);
    return word === from && !isUnit ? to : word;
  });
}

function withIndicators(document: TypeDocument, from: string, to: string): TypeDocument {
  return changedElements(document, "indicators", (text) => {
    if (typeof text !== "string") return text;
    const { kind, condition, signal } = counted(text);
    if (!text.startsWith(BEFORE[kind])) return text;
    const renamed = { kind, condition: renamedInFormula(condition, from, to), signal: signal === from ? to : signal };
    return indicator(renamed);
  });
}

/** A key as elements have it, from what people call the thing: `Oil temperature` is `oil_temperature`. */
export function keyFrom(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/ß/g, "ss")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_0-9]+|_+$/g, "")
    .slice(0, 64);
}

/** A text or a number as text, anything else as none. */
export function asText(value: Json | undefined): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** `key@version`, by which others mean a type. */
export function reference(document: TypeDocument): string {
  return `${asText(document["key"])}@${asText(document["version"])}`;
}

/** A text that may come in several languages, in the wanted one, else in English, else in any. */
export function inLanguage(text: Json | undefined, language: string): string {
  if (typeof text === "string") return text;
  if (!isObject(text)) return "";
  const found = text[language] ?? text[language.split("-")[0] ?? ""] ?? text["en"] ?? Object.values(text)[0];
  return typeof found === "string" ? found : "";
}
