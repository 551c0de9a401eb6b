/** Property values as people type them. */
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { inLanguage, type PropertyType } from "./catalogue.ts";
import type { Value } from "./document.ts";

const DECIMAL = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;
const INTEGER = /^-?(0|[1-9][0-9]{0,14})$/;
const YES = ["true", "yes", "1"];
const NO = ["false", "no", "0"];

/** Whether values are made of others, and so are no single text. */
export function isNested(type: PropertyType): boolean {
  return type.type === "object" || type.type === "map" || type.type === "array";
}

/** A number without the unit that it has anyway, and with a point in place of a decimal comma; else the text as it is. */
function plain(text: string, { unit }: PropertyType): string {
  const own = unit ? [unit, symbol(unit)].find((each) => each && text.endsWith(each)) : undefined;
  const number = own ? text.slice(0, -own.length).trim() : text;
  return number.replace(/^(-?\d*),(\d+)$/, "$1.$2");
}

function outside(value: number, { minimum, maximum }: PropertyType): string {
  if (minimum != null && value < Number(minimum)) return gettext("At least {limit}.", { limit: minimum });
  if (maximum != null && value > Number(maximum)) return gettext("At most {limit}.", { limit: maximum });
  return "";
}

function wrongNumber(text: string, type: PropertyType): string {
  const number = plain(text, type);
  if (type.type === "integer")
    return INTEGER.test(number) ? outside(Number(number), type) : gettext("Enter a whole number.");
  return DECIMAL.test(number) ? outside(Number(number), type) : gettext("Enter a number such as 12.5.");
}

/** The choice that a text means, by its own name or by one that people call it. */
function chosen(text: string, { choices = [], choice_names: names = {} }: PropertyType): string | undefined {
  const wanted = text.toLocaleLowerCase();
  return choices.find((choice) =>
    [choice, ...Object.values(names[choice] ?? {})].some((name) => name.toLocaleLowerCase() === wanted),
  );
}

function parsed(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

function wrongNested(text: string, type: PropertyType): string {
  const value = parsed(text);
  const isList = Array.isArray(value);
  if (typeof value !== "object" || isList !== (type.type === "array"))
    return type.type === "array" ? gettext("Enter a list such as [1, 2].") : gettext('Enter pairs such as {"a": 1}.');
  return "";
}

/** What is wrong with a typed value; empty when nothing is. */
export function wrongWith(text: string, type: PropertyType): string {
  if (!text) return "";
  if (isNested(type)) return wrongNested(text, type);
  if (type.type === "number" || type.type === "integer") return wrongNumber(text, type);
  if (type.type === "boolean")
    return [...YES, ...NO].includes(text.toLocaleLowerCase()) ? "" : gettext("Enter yes or no.");
  return wrongText(text, type);
}

function wrongText(text: string, type: PropertyType): string {
  if (text.length > 2000) return gettext("At most {limit} letters.", { limit: 2000 });
  if (type.choices?.length && chosen(text, type) === undefined)
    return gettext("Choose one of {choices}.", { choices: type.choices.join(", ") });
  return "";
}

/** A sound text as the value that is saved: a number stays a decimal string, so that no digit is lost; nothing is null. */
export function valueOf(text: string, type: PropertyType): Value | null {
  if (!text) return null;
  if (isNested(type)) return parsed(text) ?? null;
  if (type.type === "boolean") return YES.includes(text.toLocaleLowerCase());
  if (type.type === "integer") return Number(plain(text, type));
  if (type.type === "number") return plain(text, type);
  return chosen(text, type) ?? text;
}

/** A value as it is typed; nested ones as JSON. */
export function textOfValue(value: Value | null | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A value as it is read, with the words for yes, no and choices. */
export function wordsOfValue(value: Value | null | undefined, type: PropertyType, language: string): string {
  if (type.type === "boolean" && typeof value === "boolean") return value ? gettext("yes") : gettext("no");
  const text = textOfValue(value);
  return inLanguage(type.choice_names?.[text], language) || text;
}

/** The bounds of a number in words, with its unit; empty when it has none. */
export function boundsInWords({ minimum, maximum, unit }: PropertyType): string {
  const of = (limit: string): string => `${limit} ${unit ? symbol(unit) : ""}`.trim();
  if (minimum != null && maximum != null) return gettext("{least} to {most}", { least: minimum, most: of(maximum) });
  if (minimum != null) return gettext("at least {limit}", { limit: of(minimum) });
  return maximum != null ? gettext("at most {limit}", { limit: of(maximum) }) : "";
}
