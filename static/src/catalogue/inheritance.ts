/** What a type has from its ancestors, as far as a draft needs it: values with where they come from, own ones on top. */
import {
  isObject,
  ownElements,
  reference,
  same,
  SECTIONS,
  valueAt,
  type Json,
  type JsonObject,
  type Path,
  type TypeDocument,
} from "./document.ts";

/** A published type with all that it inherits, as the API gives it. */
export interface Resolved {
  document: TypeDocument;
  /** `SECTION/KEY` and the type that says it, as `key@version`. */
  origins: Record<string, string>;
}

export interface Inherited {
  value: Json;
  /** The type that says it, as `key@version`. */
  origin: string;
}

/** By section and key. */
export type Heritage = Record<string, Record<string, Inherited>>;

/** What parents hand down; where two have the same, the first counts. */
export function heritage(parents: readonly Resolved[]): Heritage {
  const found: Heritage = {};
  for (const section of SECTIONS) {
    const elements: Record<string, Inherited> = {};
    for (const { document, origins } of parents) {
      for (const [key, value] of Object.entries(ownElements(document, section))) {
        elements[key] ??= { value, origin: origins[`${section}/${key}`] ?? reference(document) };
      }
    }
    found[section] = elements;
  }
  const dressed = parents.find(({ document }) => isObject(document["appearance"]));
  if (dressed)
    found["appearance"] = {
      "": {
        value: dressed.document["appearance"] ?? {},
        origin: dressed.origins["appearance"] ?? reference(dressed.document),
      },
    };
  return found;
}

/** How an element came to be there. */
export type Standing = "own" | "inherited" | "overridden";

export interface Element {
  key: string;
  /** With what it inherits. */
  value: Json;
  own: Json | undefined;
  inherited: Inherited | undefined;
  standing: Standing;
}

/** An element with what it says itself over what it inherits, field by field. */
export function overlaid(inherited: Json | undefined, own: Json | undefined): Json {
  if (own === undefined) return inherited ?? {};
  return isObject(own) && isObject(inherited) ? { ...inherited, ...own } : own;
}

/** All elements of a section: what is inherited first, in its order, then what is new. */
export function elements(document: TypeDocument, section: string, from: Heritage): Element[] {
  const own = ownElements(document, section);
  const handed = from[section] ?? {};
  const keys = [...Object.keys(handed), ...Object.keys(own).filter((key) => !(key in handed))];
  return keys.map((key) => element(own[key], handed[key], key));
}

export function element(own: Json | undefined, inherited: Inherited | undefined, key: string): Element {
  const standing = inherited === undefined ? "own" : own === undefined ? "inherited" : "overridden";
  return { key, value: overlaid(inherited?.value, own), own, inherited, standing };
}

/** The document with all that it inherits written into its sections. */
export function whole(document: TypeDocument, from: Heritage): TypeDocument {
  const sections = SECTIONS.map((section): [string, JsonObject] => [
    section,
    Object.fromEntries(elements(document, section, from).map(({ key, value }) => [key, value])),
  ]);
  const appearance = document["appearance"] ?? from["appearance"]?.[""]?.value;
  return { ...document, ...Object.fromEntries(sections), ...(appearance === undefined ? {} : { appearance }) };
}

/** What every element of a section has to say, an override too. */
const NEEDED: Record<string, readonly string[]> = {
  properties: ["type"],
  signals: ["unit"],
  derived: ["unit", "formula"],
  ports: ["accepts"],
  components: ["type"],
  maintenance: ["duration"],
  constraints: ["holds"],
};

/** An override with what it has to say filled in from what it inherits. */
export function completed(section: string, own: Json | undefined, inherited: Json | undefined): Json | undefined {
  if (!isObject(own) || !isObject(inherited)) return own;
  const missing = (NEEDED[section] ?? []).filter((field) => own[field] === undefined && inherited[field] !== undefined);
  return { ...own, ...Object.fromEntries(missing.map((field) => [field, inherited[field] ?? null])) };
}

/** Whether an override says nothing but what it has to repeat. */
export function isBare(section: string, own: Json | undefined, inherited: Json | undefined): boolean {
  if (!isObject(own) || !isObject(inherited)) return false;
  return Object.keys(own).every(
    (field) => (NEEDED[section] ?? []).includes(field) && same(own[field], inherited[field]),
  );
}

/** Whether an element says a field itself; what it has to repeat counts only when it says something else there. */
export function isSaid(section: string, own: Json | undefined, inherited: Json | undefined, path: Path): boolean {
  const [top] = path;
  const said = valueAt(own, path.slice(0, 1));
  if (said === undefined) return false;
  if (top === undefined || !(NEEDED[section] ?? []).includes(top)) return true;
  return !same(said, valueAt(inherited, [top]));
}
