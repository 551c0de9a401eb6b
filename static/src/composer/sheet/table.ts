/** The state of the table of all assets, and what is done with it. */
import { useMemo, useState } from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { uuid7 } from "../../common/uuid7.ts";
import { placeable, reference, type Types } from "../model/catalogue.ts";
import type { Finding, Operation, TwinDocument } from "../model/document.ts";
import { find } from "../finding/find.ts";
import { useComposer } from "../store.ts";
import { LONGEST, readCells, writeCells } from "./cells.ts";
import { columnsOf, inOrder, rowsNow, textAt, titleOf, type Column, type Order, type Sorting } from "./columns.ts";
import { edit, outcome } from "./editing.ts";
import type { Range } from "./keyboard.ts";
import { planPaste, type Paste } from "./pasting.ts";
import { placesBelow } from "./places.ts";

export const language = document.documentElement.lang;

/** What is looked at. */
export interface Table {
  columns: Column[];
  rows: string[];
  sorting: Sorting;
  query: string;
  sort: (column: string, isFalling: boolean) => void;
  filter: (query: string) => void;
}

function ordered(sorting: Sorting, query: string): Order {
  const { document: shown, types, findings } = useComposer.getState();
  const all = Object.keys(shown.assets);
  const ids = query.trim() ? find(shown, types, findings, query) : all;
  const column = columnsOf(shown, types, language).find((each) => each.id === sorting.column);
  return { ids: column ? inOrder(ids, shown, types, column, sorting.isFalling, language) : ids, seen: new Set(all) };
}

const UNSORTED: Sorting = { column: "", isFalling: false };

/** The table as it is sorted and filtered; rows stay where they are while they are edited. */
export function useTable(): Table {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const [sorting, setSorting] = useState(UNSORTED);
  const [query, setQuery] = useState("");
  const [order, setOrder] = useState(() => ordered(UNSORTED, ""));
  const columns = useMemo(() => columnsOf(shown, types, language), [shown, types]);
  const rows = useMemo(() => rowsNow(order, shown), [order, shown]);
  return {
    columns,
    rows,
    sorting,
    query,
    sort: (column, isFalling) => {
      const wanted = { column, isFalling };
      setSorting(wanted);
      setOrder(ordered(wanted, query));
    },
    filter: (wanted) => {
      setQuery(wanted);
      setOrder(ordered(sorting, wanted));
    },
  };
}

/** `ASSET/FIELD` of every cell that an error is about. */
export function wrongCells(findings: readonly Finding[]): Set<string> {
  return new Set(
    findings.flatMap(({ place, severity }) =>
      severity !== "hint" && place.startsWith("assets/") ? [place.slice("assets/".length)] : [],
    ),
  );
}

/** The field that a cell shows, as findings name it. */
export function fieldAt(id: string, { kind, property }: Column): string {
  return kind === "property" ? `${id}/properties/${property}` : `${id}/${kind}`;
}

/** The type of the asset in the last row before one, for new ones that say none. */
function usualType(rows: readonly string[], before: number, shown: TwinDocument, types: Types): string {
  const last = before === 0 ? rows.length : Math.min(before, rows.length);
  const above = shown.assets[rows[last - 1] ?? ""]?.type;
  if (above && types.has(above)) return above;
  const [first] = placeable(types, language);
  return first ? reference(first) : "";
}

/** What cells would do that are pasted from the corner of a range on. */
export function plan(cells: string[][], { rows, columns }: Table, range: Range): Paste {
  const { document: shown, types } = useComposer.getState();
  const target = {
    order: rows,
    columns,
    row: range.top,
    column: range.left,
    height: range.bottom - range.top + 1,
    width: range.right - range.left + 1,
  };
  const around = { document: shown, types, language, newId: uuid7, placeOf: placesBelow(shown) };
  return planPaste(cells, target, around, usualType(rows, range.top, shown, types));
}

/** The cells of a text from the clipboard or a file; null when it is too long to be a table. */
export function cellsOf(text: string): string[][] | null {
  if (text.length <= LONGEST) return readCells(text);
  announce(gettext("That is too much at once: paste at most {count} million letters.", { count: LONGEST / 1e6 }));
  return null;
}

/** Does what was planned, as one step, and says so. */
export function accept(paste: Paste): void {
  useComposer.getState().perform(paste.operations);
  announce(
    ngettext("{count} change. Undo with Ctrl-Z.", "{count} changes. Undo with Ctrl-Z.", paste.operations.length),
  );
}

/** Types a text into a cell: what is wrong with it, or nothing when it is done. */
export function type(table: Table, row: number, column: number, text: string): string {
  const [id, of] = [table.rows[row], table.columns[column]];
  if (!of) return "";
  const { document: shown, types, perform } = useComposer.getState();
  if (id === undefined) {
    if (!text.trim()) return "";
    const paste = plan([[text]], table, { top: row, bottom: row, left: column, right: column });
    if (paste.misfits[0]) return paste.misfits[0].why;
    perform(paste.operations);
    return "";
  }
  const found = edit(shown, types, id, of, text, language);
  if ("wrong" in found) return found.wrong;
  perform(found.operations);
  return "";
}

/** Empties the cells of a range that can be empty, as one step. */
export function clear({ rows, columns }: Table, { top, bottom, left, right }: Range): void {
  const { document: shown, types, perform } = useComposer.getState();
  const reading = { types, language, group: () => null };
  const operations: Operation[] = [];
  for (const id of rows.slice(top, bottom + 1))
    for (const column of columns.slice(left, right + 1)) {
      const asset = shown.assets[id];
      const found = asset && outcome(id, asset, column, "", reading);
      if (found && "operation" in found && found.operation) operations.push(found.operation);
    }
  perform(operations);
}

/** The texts of a range, with the titles of its columns above when it is the whole table. */
export function textOf({ rows, columns }: Table, { top, bottom, left, right }: Range, separator?: string): string {
  const { document: shown, types } = useComposer.getState();
  const shownColumns = columns.slice(left, right + 1);
  const isWhole = top === 0 && left === 0 && bottom >= rows.length - 1 && right === columns.length - 1;
  const texts = rows.slice(top, bottom + 1).flatMap((id) => {
    const asset = shown.assets[id];
    return asset ? [shownColumns.map((column) => textAt(asset, shown, types, column, language))] : [];
  });
  return writeCells(isWhole ? [shownColumns.map(titleOf), ...texts] : texts, separator);
}
