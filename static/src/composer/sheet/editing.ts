/** What typing into a cell of the table does. */
import { gettext } from "../../common/gettext.ts";
import { inLanguage, placeable, reference, typeInWords, type Types } from "../model/catalogue.ts";
import type { Asset, Operation, TwinDocument, Value } from "../model/document.ts";
import { groupingOf, wrongGroupName } from "../model/groupnames.ts";
import { valueOf, wrongWith } from "../model/values.ts";
import { definitionAt, type Column } from "./columns.ts";

/** The operations that a text comes to, or why it does not fit. */
export type Edit = { operations: Operation[] } | { wrong: string };

/** The longest name. */
const NAME = 200;

/** Why a text cannot be a name; empty when it can. */
export function wrongName(text: string): string {
  if (!text) return gettext("An asset needs a name.");
  return text.length > NAME ? gettext("At most {limit} letters.", { limit: NAME }) : "";
}

/** The reference of the type that a text means: itself, a name with its version, or a key or name for the newest version. */
export function typeNamed(types: Types, text: string, language: string): string | undefined {
  const wanted = text.toLocaleLowerCase();
  const offered = placeable(types, language);
  const newest = offered.find((type) =>
    [type.key, ...(typeof type.name === "string" ? [type.name] : Object.values(type.name))].some(
      (name) => name.toLocaleLowerCase() === wanted,
    ),
  );
  if (newest) return reference(newest);
  return [...types].find(
    ([ref, type]) => !type.abstract && [ref, typeInWords(type, ref, language).toLocaleLowerCase()].includes(wanted),
  )?.[0];
}

/** Why no type is meant by a text. */
export function wrongType(text: string, types: Types, language: string): string {
  const some = placeable(types, language)
    .slice(0, 3)
    .map((type) => inLanguage(type.name, language));
  return text
    ? gettext("No type has this name. There are {types}, for example.", { types: some.join(", ") })
    : gettext("An asset needs a type.");
}

/** What a cell needs to know to be read. */
export interface Reading {
  types: Types;
  language: string;
  /** The key of the group of a name. */
  group: (name: string) => string | null;
}

/** The operation that a text in a cell comes to, null when it says what is so already. */
export type Outcome = { operation: Operation | null } | { wrong: string };

/** The value that a text means in a cell of an asset, undefined where there is nothing to say; or why it does not fit. */
export function valueAt(
  asset: Asset,
  types: Types,
  column: Column,
  text: string,
): { value: Value | null | undefined } | { wrong: string } {
  const definition = definitionAt(asset, types, column);
  if (!definition)
    return text
      ? { wrong: gettext("The type {type} has no such property.", { type: asset.type }) }
      : { value: undefined };
  const wrong = wrongWith(text, definition);
  return wrong ? { wrong } : { value: valueOf(text, definition) };
}

function propertyOutcome(id: string, asset: Asset, types: Types, column: Column, text: string): Outcome {
  const found = valueAt(asset, types, column, text);
  if ("wrong" in found) return found;
  const [property, { value }] = [column.property, found];
  const before = asset.properties[property] ?? null;
  if (value === undefined || JSON.stringify(before) === JSON.stringify(value)) return { operation: null };
  return { operation: { op: "set_property", asset: id, property, value } };
}

/** What a text in a cell of an asset comes to. */
export function outcome(id: string, asset: Asset, column: Column, text: string, reading: Reading): Outcome {
  const { types, language } = reading;
  switch (column.kind) {
    case "name": {
      const wrong = wrongName(text);
      return wrong ? { wrong } : { operation: text === asset.name ? null : { op: "rename", asset: id, name: text } };
    }
    case "type": {
      const type = typeNamed(types, text, language);
      if (!type) return { wrong: wrongType(text, types, language) };
      return { operation: type === asset.type ? null : { op: "set_type", asset: id, type } };
    }
    case "group": {
      const wrong = wrongGroupName(text);
      if (wrong) return { wrong };
      const group = reading.group(text);
      return { operation: group === (asset.group ?? null) ? null : { op: "set_group", asset: id, group } };
    }
    case "property":
      return propertyOutcome(id, asset, types, column, text);
  }
}

/** What a text typed into a cell comes to; the same text as before comes to nothing. */
export function edit(
  document: TwinDocument,
  types: Types,
  id: string,
  column: Column,
  typed: string,
  language: string,
): Edit {
  const asset = document.assets[id];
  const text = typed.trim();
  if (!asset) return { wrong: gettext("The asset is gone.") };
  const found = outcome(id, asset, column, text, { types, language, group: () => asset.group ?? null });
  if ("wrong" in found) return found;
  if (column.kind === "group") return { operations: groupingOf(document, [id], text) };
  return { operations: found.operation ? [found.operation] : [] };
}
