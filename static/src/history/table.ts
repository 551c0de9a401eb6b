/** The chart as a table: a row for each instant or bucket, a column for each line. */
import { gettext } from "../common/gettext.ts";
import type { Trace } from "./chart.ts";

export const MOST_ROWS = 500;

const language = document.documentElement.lang || "en";
const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 6 });

/** The rows of some lines: each instant with what each line says there, null where it says nothing. */
export function rowsOf(traces: Trace[]): [number, (number | null)[]][] {
  const rows = new Map<number, (number | null)[]>();
  traces.forEach(({ line }, column) => {
    line.times.forEach((time, index) => {
      if (!line.counts[index]) return;
      const row = rows.get(time) ?? traces.map(() => null);
      row[column] = line.values[index] ?? null;
      rows.set(time, row);
    });
  });
  return [...rows].sort(([one], [other]) => one - other);
}

/** The table, its first `MOST_ROWS` rows. */
export function tableOf(traces: Trace[]): HTMLElement {
  const rows = rowsOf(traces);
  const frame = document.createElement("div");
  frame.className = "sheet-frame";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", gettext("The chart as a table"));
  const table = document.createElement("table");
  table.className = "sheet";
  const caption = table.createCaption();
  caption.className = "visually-hidden";
  caption.textContent = gettext("The chart as a table");
  const head = table.createTHead().insertRow();
  const names = [gettext("At"), ...traces.map(({ label, unit }) => (unit ? `${label}, ${unit}` : label))];
  names.forEach((name, index) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    if (index) cell.className = "numeric";
    head.append(cell);
  });
  const body = table.createTBody();
  for (const [time, values] of rows.slice(0, MOST_ROWS)) {
    const row = body.insertRow();
    [new Date(time).toLocaleString(language), ...values].forEach((value, index) => {
      const cell = row.insertCell();
      cell.dataset.label = names[index] ?? "";
      if (index) cell.className = "numeric";
      cell.textContent = typeof value === "number" ? number.format(value) : (value ?? "–");
    });
  }
  frame.append(table);
  if (rows.length <= MOST_ROWS) return frame;
  const [whole, told] = [document.createElement("div"), document.createElement("p")];
  told.className = "form-hint";
  told.textContent = gettext("The first {shown} of {all} rows. The CSV file has every reading.", {
    shown: MOST_ROWS,
    all: rows.length,
  });
  whole.append(frame, told);
  return whole;
}
