import { useRef } from "react";
import { gettext, ngettext } from "../../common/gettext.ts";
import { Icon } from "../Icon.tsx";
import { usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";
import { titleOf } from "./columns.ts";
import { textOf, type Table } from "./table.ts";

function download(table: Table): void {
  const whole = { top: 0, left: 0, bottom: Math.max(0, table.rows.length - 1), right: table.columns.length - 1 };
  // Spreadsheets read a file as UTF-8 only when it begins with this mark.
  const file = new Blob(["\ufeff", textOf(table, whole, ",")], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${useComposer.getState().document.name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Sorting({ table }: { table: Table }) {
  const { sorting, sort, columns } = table;
  return (
    <>
      <select
        className="form-select"
        aria-label={gettext("Sort by")}
        value={sorting.column}
        onChange={(event) => {
          sort(event.target.value, false);
        }}
      >
        <option value="">{gettext("Not sorted")}</option>
        {columns.map((column) => (
          <option key={column.id} value={column.id}>
            {titleOf(column)}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="bar-button tool-icon"
        aria-label={gettext("The other way round")}
        title={gettext("The other way round")}
        aria-pressed={sorting.isFalling}
        disabled={!sorting.column}
        onClick={() => {
          sort(sorting.column, !sorting.isFalling);
        }}
      >
        <Icon name={sorting.isFalling ? "arrow-down" : "arrow-up"} />
      </button>
    </>
  );
}

function Files({ table, read, canEdit }: { table: Table; read: (text: string) => void; canEdit: boolean }) {
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="btn btn-sm"
        onClick={() => {
          download(table);
        }}
      >
        <Icon name="download" />
        {gettext("CSV")}
      </button>
      {canEdit && (
        <>
          <button
            type="button"
            className="btn btn-sm"
            onClick={() => {
              file.current?.click();
            }}
          >
            <Icon name="upload" />
            {gettext("Open CSV")}
          </button>
          <input
            ref={file}
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            hidden
            aria-label={gettext("CSV file")}
            onChange={(event) => {
              const [chosen] = event.target.files ?? [];
              void chosen?.text().then((text) => {
                read(text.replace(/^\ufeff/, ""));
              });
              event.target.value = "";
            }}
          />
        </>
      )}
    </>
  );
}

interface Options {
  table: Table;
  read: (text: string) => void;
  addRow: () => void;
  showThere: () => void;
}

/** What stands above the table. */
export function SheetTools({ table, read, addRow, showThere }: Options) {
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <div className="sheet-tools" role="toolbar" aria-label={gettext("Tools of the table")}>
      <button
        type="button"
        className="btn btn-sm"
        onClick={() => {
          usePanels.setState({ isSheet: false });
        }}
      >
        <Icon name="chevron-left" />
        {gettext("Canvas")}
      </button>
      <input
        type="search"
        className="form-control"
        data-sheet-filter
        placeholder={gettext("Filter, such as type:pump is:invalid")}
        aria-label={gettext("Filter the rows")}
        value={table.query}
        onChange={(event) => {
          table.filter(event.target.value);
        }}
      />
      <Sorting table={table} />
      {canEdit && (
        <button type="button" className="btn btn-sm" onClick={addRow}>
          <Icon name="plus" />
          {gettext("New asset")}
        </button>
      )}
      <button type="button" className="btn btn-sm" onClick={showThere}>
        <Icon name="topology-star-3" />
        {gettext("Show on the canvas")}
      </button>
      <Files table={table} read={read} canEdit={canEdit} />
      <p className="composer-hint" role="status">
        {ngettext("{count} asset", "{count} assets", table.rows.length)}
        {" · "}
        {gettext("F2 edits, Esc leaves")}
      </p>
    </div>
  );
}
