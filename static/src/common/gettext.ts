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

function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
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
