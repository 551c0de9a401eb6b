/** What the table of all assets shows: its columns, the text of each cell, its rows in their order. */
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { inLanguage, typeInWords, type PropertyType, type Types } from "../model/catalogue.ts";
import type { Asset, TwinDocument } from "../model/document.ts";
import { wordsOfValue } from "../model/values.ts";

export interface Column {
  /** Tells it from all others. */
  id: string;
  kind: "name" | "type" | "group" | "property";
  /** The key of the property. */
  property: string;
  words: string;
  /** UCUM code; a property that has another unit in another type has a column of its own there. */
  unit: string;
}

export interface Sorting {
  column: string;
  isFalling: boolean;
}

const TEXT: PropertyType = { type: "text" };

function propertyColumn(key: string, { name, unit }: PropertyType, language: string): Column {
  const words = inLanguage(name, language) || key.replaceAll("_", " ");
  return { id: `properties/${key}/${unit ?? ""}`, kind: "property", property: key, words, unit: unit ?? "" };
}

/** The columns: name, type, group, then every property of the types in use, and those that only an asset has. */
export function columnsOf(document: TwinDocument, types: Types, language: string): Column[] {
  const found = new Map<string, Column>();
  const take = (key: string, definition: PropertyType): void => {
    const column = propertyColumn(key, definition, language);
    if (!found.has(column.id)) found.set(column.id, column);
  };
  const assets = Object.values(document.assets);
  for (const ref of new Set(assets.map((asset) => asset.type)))
    for (const [key, definition] of Object.entries(types.get(ref)?.properties ?? {})) take(key, definition);
  for (const asset of assets)
    for (const key of Object.keys(asset.properties)) if (!types.get(asset.type)?.properties?.[key]) take(key, TEXT);
  return [
    { id: "name", kind: "name", property: "", words: gettext("Name"), unit: "" },
    { id: "type", kind: "type", property: "", words: gettext("Type"), unit: "" },
    { id: "group", kind: "group", property: "", words: gettext("Group"), unit: "" },
    ...found.values(),
  ];
}

/** What is written above a column, with its unit. */
export function titleOf({ words, unit }: Column): string {
  return unit && symbol(unit) ? `${words} (${symbol(unit)})` : words;
}

/** What the property of a column is for an asset; undefined where the asset has no such property. */
export function definitionAt(asset: Asset, types: Types, column: Column): PropertyType | undefined {
  if (column.kind !== "property") return undefined;
  const own = types.get(asset.type)?.properties?.[column.property];
  if (own) return (own.unit ?? "") === column.unit ? own : undefined;
  return asset.properties[column.property] !== undefined && !column.unit ? TEXT : undefined;
}

/** The text of a cell. */
export function textAt(asset: Asset, document: TwinDocument, types: Types, column: Column, language: string): string {
  switch (column.kind) {
    case "name":
      return asset.name;
    case "type":
      return typeInWords(types.get(asset.type), asset.type, language);
    case "group":
      return asset.group ? (document.groups[asset.group]?.name ?? asset.group) : "";
    case "property": {
      const definition = definitionAt(asset, types, column);
      return definition ? wordsOfValue(asset.properties[column.property], definition, language) : "";
    }
  }
}

/** Assets in the order of a column: numbers by their size, words as the language has them, empty cells last. */
export function inOrder(
  ids: readonly string[],
  document: TwinDocument,
  types: Types,
  column: Column,
  isFalling: boolean,
  language: string,
): string[] {
  const collator = new Intl.Collator(language, { numeric: true });
  const keyed = ids.flatMap((id) => {
    const asset = document.assets[id];
    return asset ? [{ id, text: textAt(asset, document, types, column, language) }] : [];
  });
  keyed.sort((one, other) => {
    if (!one.text || !other.text) return Number(!one.text) - Number(!other.text);
    const [left, right] = [Number(one.text), Number(other.text)];
    const apart = Number.isNaN(left) || Number.isNaN(right) ? collator.compare(one.text, other.text) : left - right;
    return isFalling ? -apart : apart;
  });
  return keyed.map(({ id }) => id);
}

/** The order of the rows as it was last made: `seen` are all assets that there were then, shown or not. */
export interface Order {
  ids: readonly string[];
  seen: ReadonlySet<string>;
}

/** The rows now: what is gone is left out and what is new comes last, so that no row jumps while it is edited. */
export function rowsNow({ ids, seen }: Order, document: TwinDocument): string[] {
  const fresh = Object.keys(document.assets).filter((id) => !seen.has(id));
  return [...ids.filter((id) => document.assets[id]), ...fresh];
}
