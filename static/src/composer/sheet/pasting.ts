/** What a pasted range of cells would do to the table: shown before it is done, and then done as one step. */
import { gettext } from "../../common/gettext.ts";
import { inLanguage, type Types } from "../model/catalogue.ts";
import type { Asset, Operation, Position, TwinDocument } from "../model/document.ts";
import { groupNamed, wrongGroupName } from "../model/groupnames.ts";
import { groupKey } from "../model/groups.ts";
import { titleOf, textAt, type Column } from "./columns.ts";
import { outcome, typeNamed, valueAt, wrongName, wrongType, type Reading } from "./editing.ts";

/** Where a range is pasted: on the rows in their order, from one cell on, over a selection of so many cells. */
export interface Target {
  order: readonly string[];
  columns: readonly Column[];
  row: number;
  column: number;
  height: number;
  width: number;
}

/** What the twin is, and what new assets are given. */
export interface Surroundings {
  document: TwinDocument;
  types: Types;
  language: string;
  newId: () => string;
  /** Where the new asset of this number lies. */
  placeOf: (number: number) => Position;
}

/** A cell that does not fit: which, what was pasted, and why. */
export interface Misfit {
  where: string;
  text: string;
  why: string;
}

export interface Change {
  where: string;
  before: string;
  after: string;
}

export interface Paste {
  operations: Operation[];
  changes: Change[];
  /** Ids of the assets that are new. */
  added: string[];
  /** Names of the groups that are new. */
  groups: string[];
  misfits: Misfit[];
  /** Whether the first row was headings, and so rows are told by their names. */
  isHeaded: boolean;
}

/** The most rows that are pasted at once. */
export const MOST_ROWS = 20_000;

/** A pasted cell with the column that it is for; undefined where there is none. */
type Field = [column: Column | undefined, text: string];

function columnTitled(columns: readonly Column[], title: string): Column | undefined {
  const wanted = title.trim().toLocaleLowerCase();
  return columns.find((column) =>
    [titleOf(column), column.words, column.property].some((name) => name !== "" && name.toLocaleLowerCase() === wanted),
  );
}

/** The columns that the first row names, when most of it does; null when it is data. */
function headingsOf(cells: readonly string[][], columns: readonly Column[]): (Column | undefined)[] | null {
  const head = (cells[0] ?? []).map((title) => title.trim());
  const titles = head.filter(Boolean);
  const found = head.map((title) => columnTitled(columns, title));
  const known = found.filter(Boolean).length;
  return cells.length > 1 && known > 0 && known * 2 > titles.length ? found : null;
}

/** A single cell pasted over several fills them all. */
function filled(cells: string[][], { height, width }: Target): string[][] {
  const [text = ""] = cells[0] ?? [];
  if (cells.length > 1 || (cells[0]?.length ?? 0) > 1 || height * width === 1) return cells;
  return Array.from({ length: height }, () => Array.from({ length: width }, () => text));
}

class Planning {
  readonly paste: Paste = { operations: [], changes: [], added: [], groups: [], misfits: [], isHeaded: false };
  private readonly around: Surroundings;
  private readonly made = new Map<string, string>();
  private readonly names: Set<string>;
  private readonly reading: Reading;
  /** The type of a new asset whose row names none: that of the asset before it. */
  private usualType: string;

  constructor(around: Surroundings, usualType: string) {
    this.around = around;
    this.usualType = usualType;
    this.reading = { ...around, group: (name) => this.group(name) };
    this.names = new Set(Object.values(around.document.assets).map((asset) => asset.name));
  }

  private misfit(where: string, text: string, why: string): void {
    this.paste.misfits.push({ where, text, why });
  }

  /** The key of the group of a name, for which an operation is planned when there is none; null for no group. */
  private group(name: string): string | null {
    if (!name) return null;
    const known = groupNamed(this.around.document, name) ?? this.made.get(name.toLocaleLowerCase());
    if (known) return known;
    const key = groupKey(this.around.newId());
    this.made.set(name.toLocaleLowerCase(), key);
    this.paste.groups.push(name);
    this.paste.operations.push({ op: "add_group", group: key, name });
    return key;
  }

  /** A row of fields: of an asset that is there, or of a new one. */
  row(id: string | undefined, fields: readonly Field[], row: string): void {
    const asset = id === undefined ? undefined : this.around.document.assets[id];
    if (id !== undefined && asset) this.change(id, asset, fields, row);
    else if (fields.some(([, text]) => text !== "")) this.add(fields, row);
    const beyond = fields.find(([column, text]) => !column && text !== "");
    if (beyond) this.misfit(row, beyond[1], gettext("There is no column for it."));
  }

  /** Fields of an asset that is there already. */
  private change(id: string, asset: Asset, fields: readonly Field[], row: string): void {
    // The type first: it says which properties there are.
    const ordered = [...fields].sort(([one], [other]) => Number(other?.kind === "type") - Number(one?.kind === "type"));
    let now = asset;
    for (const [column, text] of ordered) {
      if (!column) continue;
      const found = outcome(id, now, column, text, this.reading);
      if ("wrong" in found) {
        this.misfit(`${row}, ${column.words}`, text, found.wrong);
        continue;
      }
      if (!found.operation) continue;
      this.paste.operations.push(found.operation);
      if (found.operation.op === "set_type") now = { ...now, type: found.operation.type };
      const { document, types, language } = this.around;
      const before = textAt(asset, document, types, column, language);
      this.paste.changes.push({ where: `${row}, ${column.words}`, before, after: text });
    }
    this.usualType = now.type;
  }

  /** A row beyond the last: a new asset. */
  private add(fields: readonly Field[], row: string): void {
    const texts = new Map(fields.flatMap(([column, text]) => (column ? [[column.kind, text]] : [])));
    const type = this.typeOfNew(texts.get("type") ?? "", row);
    if (!type) return;
    const name = this.nameOfNew(texts.get("name") ?? "", type, row);
    const asset: Asset = { type, name, at: this.around.placeOf(this.paste.added.length), properties: {} };
    const group = texts.get("group") ?? "";
    if (group && !wrongGroupName(group)) asset.group = this.group(group);
    asset.properties = this.propertiesOfNew(asset, fields, row);
    const id = this.around.newId();
    this.paste.added.push(id);
    this.paste.operations.push({ op: "add_asset", asset: id, ...asset });
  }

  private propertiesOfNew(asset: Asset, fields: readonly Field[], row: string): Asset["properties"] {
    const properties: Asset["properties"] = {};
    for (const [column, text] of fields) {
      if (column?.kind !== "property") continue;
      const found = valueAt(asset, this.around.types, column, text);
      if ("wrong" in found) this.misfit(`${row}, ${column.words}`, text, found.wrong);
      else if (found.value != null) properties[column.property] = found.value;
    }
    return properties;
  }

  private typeOfNew(text: string, row: string): string {
    const { types, language } = this.around;
    const type = text ? typeNamed(types, text, language) : this.usualType;
    if (type) this.usualType = type;
    else this.misfit(`${row}, ${gettext("Type")}`, text, wrongType(text, types, language));
    return type ?? "";
  }

  private nameOfNew(text: string, ref: string, row: string): string {
    const wrong = text && wrongName(text);
    if (wrong) this.misfit(`${row}, ${gettext("Name")}`, text, wrong);
    const stem = inLanguage(this.around.types.get(ref)?.name, this.around.language) || ref;
    let name = wrong ? "" : text;
    for (let number = 1; !name || (!text && this.names.has(name)); number += 1) name = `${stem} ${number}`;
    this.names.add(name);
    return name;
  }
}

/**
 * What pasting cells would do. Headings in the first row name the columns, and when there is one of names, rows belong to
 * the assets that have them; else cells go where they stand. Rows that belong to no asset become new ones.
 *
 * @param usualType - The type of new assets that say none; empty when there is none.
 */
export function planPaste(cells: string[][], target: Target, around: Surroundings, usualType: string): Paste {
  const planning = new Planning(around, usualType);
  const headings = headingsOf(cells, target.columns);
  planning.paste.isHeaded = headings !== null;
  const rows = headings ? cells.slice(1) : filled(cells, target);
  const owner = ownersOf(target, around.document, headings);
  for (const [number, texts] of rows.slice(0, MOST_ROWS).entries()) {
    const fields = texts.map((text, index): Field => [
      headings ? headings[index] : target.columns[target.column + index],
      text.trim(),
    ]);
    if (fields.every(([, text]) => text === "") && headings) continue;
    const row = gettext("Row {number}", { number: (headings ? 1 : target.row) + number + 1 });
    planning.row(owner(fields, number), fields, row);
  }
  return planning.paste;
}

/** Whose each row is: by name where there are names under headings, else by its place. */
function ownersOf(
  { order, row }: Target,
  document: TwinDocument,
  headings: (Column | undefined)[] | null,
): (fields: readonly Field[], number: number) => string | undefined {
  if (!headings?.some((column) => column?.kind === "name")) return (_fields, number) => order[row + number];
  const byName = new Map<string, string>();
  for (const id of [...order].reverse()) byName.set(document.assets[id]?.name ?? "", id);
  return (fields) => byName.get(fields.find(([column]) => column?.kind === "name")?.[1] ?? "");
}
