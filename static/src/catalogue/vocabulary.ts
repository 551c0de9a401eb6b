/** What formulas of a type may speak of: its names, the functions of the language, units. */
import { gettext } from "../common/gettext.ts";
import { inLanguage, isObject, ownElements, type TypeDocument } from "./document.ts";

export interface Name {
  name: string;
  role: "signal" | "property" | "state";
  sort: "number" | "truth" | "text";
  unit: string;
  label: string;
}

export interface LanguageFunction {
  name: string;
  /** How it is called, such as `avg(x, 5min)`. */
  usage: string;
  meaning: string;
}

export interface UnitOfMeasure {
  code: string;
  name: string;
  /** What it measures. */
  quantity: string;
}

export interface Vocabulary {
  names: Name[];
  functions: LanguageFunction[];
  units: UnitOfMeasure[];
}

const SORTS: Record<string, Name["sort"]> = { text: "text", boolean: "truth" };

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The names that a formula may speak of; constraints and conditions on commands speak of properties alone. */
export function namesOf(document: TypeDocument, language: string, only: "all" | "properties" = "all"): Name[] {
  const named = (section: string, role: Name["role"]): Name[] =>
    Object.entries(ownElements(document, section)).map(([name, part]) => ({
      name,
      role,
      sort:
        role === "state" ? "truth" : (role === "property" && isObject(part) && SORTS[textOf(part["type"])]) || "number",
      unit: isObject(part) ? textOf(part["unit"]) || "1" : "1",
      label: isObject(part) ? inLanguage(part["name"], language) : "",
    }));
  const properties = named("properties", "property").filter(({ name }) => isPlain(document, name));
  if (only === "properties") return properties;
  return [...named("signals", "signal"), ...named("derived", "signal"), ...properties, ...named("states", "state")];
}

/** Nested properties are no values that a formula could speak of. */
function isPlain(document: TypeDocument, name: string): boolean {
  const part = ownElements(document, "properties")[name];
  return !isObject(part) || !["object", "map", "array"].includes(textOf(part["type"]));
}

/** What a name stands for, as a word. */
export function roleInWords(role: Name["role"]): string {
  return { signal: gettext("signal"), property: gettext("property"), state: gettext("state") }[role];
}
