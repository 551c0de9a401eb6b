/** Property values as people type them. */
import { gettext } from "../common/gettext.ts";
import type { PropertyType } from "./catalogue.ts";
import type { Value } from "./document.ts";

const DECIMAL = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;
const INTEGER = /^-?(0|[1-9][0-9]{0,14})$/;

/** A number with a decimal comma as one with a point; everything else as it is. */
function plain(text: string): string {
  return text.replace(/^(-?\d*),(\d+)$/, "$1.$2");
}

function outside(value: number, { minimum, maximum }: PropertyType): string {
  if (minimum != null && value < Number(minimum)) return gettext("At least {limit}.", { limit: minimum });
  if (maximum != null && value > Number(maximum)) return gettext("At most {limit}.", { limit: maximum });
  return "";
}

/** What is wrong with a typed value; empty when nothing is. */
export function wrongWith(text: string, type: PropertyType): string {
  if (!text || type.type === "text" || type.type === "boolean") return "";
  if (type.type === "number" && !DECIMAL.test(plain(text))) return gettext("Enter a number such as 12.5.");
  if (type.type === "integer" && !INTEGER.test(text)) return gettext("Enter a whole number.");
  return outside(Number(plain(text)), type);
}

/** A sound text as the value that is saved: a number stays a decimal string, so that no digit is lost; nothing is null. */
export function valueOf(text: string, type: PropertyType): Value | null {
  if (!text) return null;
  if (type.type === "boolean") return text === "true";
  if (type.type === "integer") return Number(text);
  return type.type === "number" ? plain(text) : text;
}
