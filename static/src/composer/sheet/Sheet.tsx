import {
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type ClipboardEvent,
  type KeyboardEvent,
  type PointerEvent,
} from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { reachable, usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";
import { Row, type Editing } from "./Cells.tsx";
import { titleOf, textAt, type Column } from "./columns.ts";
import { isTyping, led, rangeOf, rowsInSight, tabbed, within, type Cell, type Extent } from "./keyboard.ts";
import { PasteDialog } from "./PasteDialog.tsx";
import type { Paste } from "./pasting.ts";
import "./sheet.css";
import { SheetTools } from "./SheetTools.tsx";
import { accept, cellsOf, clear, language, plan, textOf, type, useTable, wrongCells, type Table } from "./table.ts";

const WIDTHS: Record<Column["kind"], string> = { name: "14rem", type: "12rem", group: "9rem", property: "9rem" };
const START: Cell = { row: 0, column: 0 };

/** Pixels of a row, which is two letters high. */
function rowHeight(): number {
  return 2 * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** Where the table is scrolled to and how much of it is in sight. */
function useSight(): [
  place: React.RefObject<HTMLDivElement | null>,
  scrolled: number,
  height: number,
  look: () => void,
] {
  const place = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ scrolled: 0, height: 800 });
  const look = (): void => {
    const { scrollTop = 0, clientHeight = 0 } = place.current ?? {};
    setSight({ scrolled: scrollTop, height: clientHeight });
  };
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const seen = entry?.target as HTMLElement | undefined;
      if (seen) setSight({ scrolled: seen.scrollTop, height: seen.clientHeight });
    });
    if (place.current) observer.observe(place.current);
    place.current?.focus();
    return () => {
      observer.disconnect();
    };
  }, []);
  return [place, sight.scrolled, sight.height, look];
}

/** Brings a cell into sight. */
function reveal(place: HTMLDivElement | null, grid: string, { row, column }: Cell): void {
  if (!place) return;
  const high = rowHeight();
  const top = row * high;
  place.scrollTop = Math.min(top, Math.max(place.scrollTop, top + 2 * high - place.clientHeight));
  document.getElementById(`${grid}-${row}-${column}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function Titles({ table, template }: { table: Table; template: string }) {
  const { sorting, sort } = table;
  return (
    <div role="rowgroup" className="cells-head">
      <div role="row" aria-rowindex={1} className="cells-row" style={{ gridTemplateColumns: template }}>
        <div role="columnheader" aria-colindex={1} className="cells-title">
          <span className="visually-hidden">{gettext("Row")}</span>
        </div>
        {table.columns.map((column, index) => {
          const isSorted = sorting.column === column.id;
          const way = sorting.isFalling ? "descending" : "ascending";
          return (
            <div
              key={column.id}
              role="columnheader"
              aria-colindex={index + 2}
              className="cells-title"
              {...(isSorted ? { "aria-sort": way } : {})}
            >
              <button
                type="button"
                // The keyboard sorts by the choice above the table; here it has the cells.
                tabIndex={-1}
                title={titleOf(column)}
                onClick={() => {
                  sort(column.id, isSorted && !sorting.isFalling);
                }}
              >
                {titleOf(column)}
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The cell that a pointer is on; null when it is on none. */
function cellUnder(target: EventTarget, columns: Column[]): Cell | null {
  const cell = (target as Element).closest<HTMLElement>("[data-column], [role=rowheader]");
  const row = cell?.closest<HTMLElement>("[data-row]")?.dataset.row;
  if (!cell || row === undefined) return null;
  return {
    row: Number(row),
    column: Math.max(
      0,
      columns.findIndex((each) => each.id === cell.dataset.column),
    ),
  };
}

/** All assets as a table that is worked in like a spreadsheet. */
export function Sheet() {
  const table = useTable();
  const { columns, rows } = table;
  const shown = useComposer((state) => state.document);
  const canEdit = useComposer((state) => state.canEdit);
  const findings = useComposer((state) => state.findings);
  const [at, setAt] = useState(START);
  const [anchor, setAnchor] = useState(START);
  const [typed, setTyped] = useState<string | null>(null);
  const [paste, setPaste] = useState<Paste | null>(null);
  const [place, scrolled, height, look] = useSight();
  const grid = useId();
  const [high] = useState(rowHeight);
  // Below the last asset there is room for a new one.
  const extent: Extent = {
    rows: rows.length + (canEdit ? 1 : 0),
    columns: columns.length,
    page: Math.max(1, Math.floor(height / high) - 2),
  };
  const active = within(at, extent);
  const range = rangeOf(active, within(anchor, extent));
  const wrong = useMemo(() => wrongCells(findings), [findings]);

  const go = (cell: Cell, extends_ = false): void => {
    const next = within(cell, extent);
    setAt(next);
    if (!extends_) setAnchor(next);
    reveal(place.current, grid, next);
  };
  const currentText = (asset: (typeof shown.assets)[string] | undefined, column: Column | undefined): string =>
    asset && column ? textAt(asset, shown, useComposer.getState().types, column, language) : "";
  const begin = (text: string | null): void => {
    if (!canEdit) return;
    setTyped(text ?? currentText(shown.assets[rows[active.row] ?? ""], columns[active.column]));
  };
  const leave = (to: "stay" | "down" | "up" | "right" | "left"): void => {
    setTyped(null);
    place.current?.focus();
    const step = { stay: [0, 0], down: [1, 0], up: [-1, 0], right: [0, 1], left: [0, -1] }[to] as [number, number];
    if (to !== "stay") go({ row: active.row + step[0], column: active.column + step[1] });
  };
  const planned = (cells: string[][] | null, into = range): void => {
    if (!cells || !canEdit) return;
    const found = plan(cells, table, into);
    const isSmall = cells.length === 1 && cells[0]?.length === 1 && range.top === range.bottom;
    if (isSmall && found.misfits.length === 0 && found.added.length === 0) accept(found);
    else setPaste(found);
  };

  const leaveBy = (event: KeyboardEvent): boolean => {
    const next = tabbed(active, extent, event.shiftKey ? -1 : 1);
    if (next) go(next);
    return next !== null;
  };
  const KEYS: Record<string, (event: KeyboardEvent) => unknown> = {
    F2: () => {
      begin(null);
    },
    Enter: (event) => {
      if (event.ctrlKey || event.metaKey) showThere();
      else begin(null);
    },
    Tab: leaveBy,
    Delete: () => {
      clear(table, range);
    },
    Backspace: () => {
      clear(table, range);
    },
    Escape: () => {
      document.querySelector<HTMLElement>("[data-sheet-filter]")?.focus();
    },
  };
  const HELD: Record<string, (event: KeyboardEvent) => void> = {
    a: () => {
      setAnchor(START);
      setAt({ row: Math.max(0, rows.length - 1), column: columns.length - 1 });
      announce(ngettext("{count} row is selected.", "{count} rows are selected.", rows.length));
    },
    z: (event) => {
      if (event.shiftKey) useComposer.getState().redo();
      else useComposer.getState().undo();
    },
    y: () => {
      useComposer.getState().redo();
    },
  };
  const showThere = (): void => {
    const ids = rows.slice(range.top, range.bottom + 1);
    if (!ids[0]) return;
    usePanels.setState({ isSheet: false });
    reachable.jump(ids[0]);
    if (ids.length > 1) useComposer.getState().select(ids);
  };
  const onKey = (event: KeyboardEvent): void => {
    const next = led(event, active, extent);
    if (next) go(next, event.shiftKey);
    else if ((event.ctrlKey || event.metaKey) && HELD[event.key.toLowerCase()]) HELD[event.key.toLowerCase()]?.(event);
    else if (KEYS[event.key]) {
      if (KEYS[event.key]?.(event) === false) return;
    } else if (isTyping(event)) begin(event.key);
    else return;
    event.preventDefault();
  };
  const onPointer = (event: PointerEvent): void => {
    const cell = cellUnder(event.target, columns);
    if (!cell || (event.target as Element).closest("input")) return;
    if (event.buttons !== 1) return;
    setAt(cell);
    if (event.type === "pointerdown" && !event.shiftKey) setAnchor(cell);
  };
  const onCopy = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.clipboardData.setData("text/plain", textOf(table, range));
    announce(gettext("Copied."));
  };

  const template = `3.5rem ${columns.map((column) => WIDTHS[column.kind]).join(" ")}`;
  const [first, last] = rowsInSight(scrolled, height, high, extent.rows);
  const editing: Editing | null =
    typed === null
      ? null
      : { column: active.column, text: typed, take: (text) => type(table, active.row, active.column, text), leave };
  return (
    <section className="composer-sheet" aria-label={gettext("Table of all assets")}>
      <SheetTools
        table={table}
        read={(text) => {
          planned(cellsOf(text), { top: rows.length, bottom: rows.length, left: 0, right: 0 });
        }}
        addRow={() => {
          place.current?.focus();
          go({ row: rows.length, column: 0 });
          setTyped("");
        }}
        showThere={showThere}
      />
      <div
        ref={place}
        role="grid"
        tabIndex={0}
        className="cells"
        aria-label={gettext("All assets")}
        aria-rowcount={extent.rows + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable="true"
        aria-activedescendant={`${grid}-${active.row}-${active.column}`}
        data-cells
        onScroll={look}
        onKeyDown={onKey}
        onPointerDown={onPointer}
        onPointerOver={onPointer}
        onDoubleClick={() => {
          begin(null);
        }}
        onCopy={(event) => {
          if (typed === null) onCopy(event);
        }}
        onPaste={(event) => {
          if (typed !== null) return;
          event.preventDefault();
          planned(cellsOf(event.clipboardData.getData("text/plain")));
        }}
      >
        <Titles table={table} template={template} />
        <div role="rowgroup" className="cells-body" style={{ height: `${extent.rows * 2}rem` }}>
          {Array.from({ length: last - first }, (_each, index) => first + index).map((row) => (
            <Row
              key={rows[row] ?? "new"}
              grid={grid}
              row={row}
              asset={shown.assets[rows[row] ?? ""]}
              assetId={rows[row]}
              columns={columns}
              template={template}
              range={range}
              active={active.row === row ? active.column : null}
              editing={active.row === row ? editing : null}
              wrong={wrong}
              canEdit={canEdit}
            />
          ))}
        </div>
      </div>
      {paste && (
        <PasteDialog
          paste={paste}
          accept={() => {
            accept(paste);
            setPaste(null);
            place.current?.focus();
          }}
          close={() => {
            setPaste(null);
            place.current?.focus();
          }}
        />
      )}
    </section>
  );
}
