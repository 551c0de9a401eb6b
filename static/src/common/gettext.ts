/**
 * The texts of the page's language. Templates hand them over as one JSON block (`texts`, as Django's JSON catalogue
 * gives it); without it, and for a text that is not in it, English is shown. `makemessages` finds the calls by name.
 */
interface Catalogue {
  catalog?: Record<string, string | string[]>;
}

let catalogue: Record<string, string | string[]> | undefined;

function texts(): Record<string, string | string[]> {
  if (catalogue === undefined) {
    const block = typeof document === "undefined" ? null : document.getElementById("texts");
    catalogue = block ? ((JSON.parse(block.textContent) as Catalogue).catalog ?? {}) : {};
  }
  return catalogue;
}

let language: string | undefined;

function spoken(): string {
  language ??= typeof document === "undefined" ? "en" : document.documentElement.lang || "en";
  return language;
}

/** The texts of a page with its language, to be handed to a worker. */
export interface Words {
  texts: Record<string, string | string[]>;
  language: string;
}

/** The words of this page. */
export function words(): Words {
  return { texts: texts(), language: spoken() };
}

/** Use the words of a page, where there is none. */
export function speak(words: Words): void {
  catalogue = words.texts;
  language = words.language;
}

/** A count as people of the page's language write it, such as 2,000. */
export function countText(count: number): string {
  return count.toLocaleString(spoken());
}

/** An amount of so many minor units as people of the page's language write it, such as -1,234.50 EUR. */
export function amountText(minor: number, currency: string, digits: number): string {
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${(minor / 10 ** digits).toLocaleString(spoken(), shown)} ${currency}`;
}

/** A number as documents have it, such as 99.880000, with the decimal sign of the page's language; else as it is. */
export function decimalText(number: string): string {
  return number.replace(".", (0.5).toLocaleString(spoken()).charAt(1));
}

function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name] ?? whole;
    return Number.isInteger(value) ? countText(value as number) : String(value);
  });
}

/** The text in the page's language, `{name}` replaced by the value of that name. */
export function gettext(text: string, values: Record<string, string | number> = {}): string {
  const found = texts()[text];
  return fill(typeof found === "string" && found ? found : text, values);
}

/** The singular or plural text for `count`, which is also the value of `{count}`. */
export function ngettext(one: string, many: string, count: number): string {
  const found = texts()[one];
  const forms = Array.isArray(found) && found.length > 1 ? found : [one, many];
  return fill((count === 1 ? forms[0] : forms[1]) ?? many, { count });
}
