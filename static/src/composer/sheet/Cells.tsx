import { memo, useId, useRef, useState, type ReactNode } from "react";
import { gettext } from "../../common/gettext.ts";
import { placeable, typeInWords, reference, type PropertyType, type Types } from "../model/catalogue.ts";
import type { Asset } from "../model/document.ts";
import { groupChoices } from "../model/groupnames.ts";
import { useComposer } from "../store.ts";
import { wordsOfValue } from "../model/values.ts";
import { definitionAt, textAt, type Column } from "./columns.ts";
import type { Range } from "./keyboard.ts";
import { fieldAt, language } from "./table.ts";

/** What may be typed into a cell. */
function offersAt(asset: Asset | undefined, types: Types, column: Column): string[] {
  if (column.kind === "type")
    return placeable(types, language).map((type) => typeInWords(type, reference(type), language));
  if (column.kind === "group") return groupChoices(useComposer.getState().document, language).map(([, name]) => name);
  const definition: PropertyType | undefined = asset && definitionAt(asset, types, column);
  if (definition?.type === "boolean") return [gettext("yes"), gettext("no")];
  return (definition?.choices ?? []).map((choice) => wordsOfValue(choice, { type: "text", ...definition }, language));
}

interface EditorOptions {
  label: string;
  /** What is in it when it opens, and whether all of it is to be typed over. */
  text: string;
  offers: string[];
  /** Takes what was typed: what is wrong with it, or nothing. */
  take: (text: string) => string;
  /** Called when it closes: where the keys lead next. */
  leave: (to: "stay" | "down" | "up" | "right" | "left") => void;
}

/** The field in a cell that is being typed into. Enter and Tab keep what was typed, Escape does not. */
function Editor({ label, text, offers, take, leave }: EditorOptions) {
  const [typed, setTyped] = useState(text);
  const [wrong, setWrong] = useState("");
  const id = useId();
  // What is left by Escape loses the focus too, and is not to be kept for that.
  const isOver = useRef(false);
  const finish = (to: Parameters<EditorOptions["leave"]>[0]): void => {
    const why = take(typed);
    setWrong(why);
    if (why) return;
    isOver.current = true;
    leave(to);
  };
  return (
    <>
      <input
        value={typed}
        aria-label={label}
        aria-invalid={wrong !== ""}
        aria-describedby={`${id}-why`}
        list={offers.length ? `${id}-offers` : undefined}
        maxLength={2000}
        autoComplete="off"
        autoFocus
        onChange={(event) => {
          setTyped(event.target.value);
          setWrong("");
        }}
        onBlur={() => {
          if (!isOver.current && take(typed) === "") leave("stay");
        }}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") {
            isOver.current = true;
            leave("stay");
          }
          if (event.key === "Enter") finish(event.shiftKey ? "up" : "down");
          if (event.key !== "Tab") return;
          event.preventDefault();
          finish(event.shiftKey ? "left" : "right");
        }}
      />
      {offers.length > 0 && (
        <datalist id={`${id}-offers`}>
          {offers.map((offer) => (
            <option key={offer} value={offer} />
          ))}
        </datalist>
      )}
      <span id={`${id}-why`} role="alert" className={wrong ? "cell-why" : "visually-hidden"}>
        {wrong}
      </span>
    </>
  );
}

interface CellOptions {
  id: string;
  column: Column;
  index: number;
  text: string;
  look: string;
  isWrong: boolean;
  isChosen: boolean;
  isReadOnly: boolean;
  children: ReactNode;
}

function Cell({ id, column, index, text, look, isWrong, isChosen, isReadOnly, children }: CellOptions) {
  return (
    <div
      id={id}
      role="gridcell"
      aria-colindex={index + 2}
      aria-selected={isChosen}
      aria-readonly={isReadOnly}
      {...(isWrong ? { "aria-invalid": true } : {})}
      className={look}
      title={text.length > 16 ? text : undefined}
      data-column={column.id}
    >
      {children}
    </div>
  );
}

export interface Editing extends Omit<EditorOptions, "label" | "offers"> {
  column: number;
}

interface RowOptions {
  grid: string;
  /** Its place among the rows. */
  row: number;
  asset: Asset | undefined;
  assetId: string | undefined;
  columns: Column[];
  template: string;
  range: Range;
  /** The column of the active cell, when that is in this row. */
  active: number | null;
  editing: Editing | null;
  wrong: ReadonlySet<string>;
  canEdit: boolean;
}

/** Whether there is anything to say in a cell; in the row of a new asset of no type yet there may be. */
function hasCell(asset: Asset | undefined, types: Types, column: Column): boolean {
  return !asset || column.kind !== "property" || definitionAt(asset, types, column) !== undefined;
}

function look(column: Column, isNone: boolean, isChosen: boolean, isActive: boolean, isWrong: boolean): string {
  return [
    "cell",
    column.unit && "cell-number-like",
    isNone && "cell-none",
    isWrong && "cell-wrong",
    isChosen && "cell-chosen",
    isActive && "cell-active",
  ]
    .filter(Boolean)
    .join(" ");
}

/** One row of the table: an asset, or below the last one the room for a new one. */
export const Row = memo(function Row(options: RowOptions) {
  const { grid, row, asset, assetId, columns, template, range, active, editing, wrong, canEdit } = options;
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const inRange = row >= range.top && row <= range.bottom;
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className="cells-row"
      data-row={row}
      style={{ gridTemplateColumns: template, insetBlockStart: `${row * 2}rem` }}
    >
      <div role="rowheader" aria-colindex={1} className="cell cell-number">
        {asset ? row + 1 : gettext("new")}
      </div>
      {columns.map((column, index) => {
        const text = asset ? textAt(asset, shown, types, column, language) : "";
        const isNone = !hasCell(asset, types, column);
        const isChosen = inRange && index >= range.left && index <= range.right;
        const isWrong = assetId !== undefined && wrong.has(fieldAt(assetId, column));
        return (
          <Cell
            key={column.id}
            id={`${grid}-${row}-${index}`}
            column={column}
            index={index}
            text={text}
            look={look(column, isNone, isChosen, active === index, isWrong)}
            isWrong={isWrong}
            isChosen={isChosen}
            isReadOnly={!canEdit}
          >
            {editing?.column === index ? (
              <Editor
                {...editing}
                label={`${column.words}, ${asset?.name ?? gettext("new asset")}`}
                offers={offersAt(asset, types, column)}
              />
            ) : (
              text
            )}
          </Cell>
        );
      })}
    </div>
  );
});
