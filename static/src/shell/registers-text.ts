/** A register map between its text and its rows of cells. */

export const COLUMNS = ["key", "unit", "table", "address", "type", "bit", "word_order", "byte_order", "every_ms"];

/** The rows of a CSV text, or of cells copied from a spreadsheet, in our order of columns. */
export function rowsOf(text: string): string[][] {
  const separator = ["\t", ";", ","].find((each) => text.includes(each)) ?? ",";
  const rows = cellsOf(text, separator).filter((row) => row.some((cell) => cell !== ""));
  const heads = rows[0]?.map((cell) => cell.toLowerCase()) ?? [];
  if (!heads.includes("address")) return rows.map((row) => COLUMNS.map((_, place) => row[place] ?? ""));
  return rows.slice(1).map((row) => COLUMNS.map((column) => row[heads.indexOf(column)] ?? ""));
}

function cellsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(
    new RegExp(`(?:[ ]*"((?:[^"]|"")*)"[ ]*|([^${separator}\\r\\n]*))(${separator}|\\r?\\n|$)`, "g"),
  )) {
    rows.at(-1)?.push((quoted?.replaceAll('""', '"') ?? plain ?? "").trim());
    if (end !== separator) rows.push([]);
  }
  return rows;
}

/** The rows as CSV with a line of headings. */
export function textOf(rows: string[][]): string {
  const line = (cells: string[]): string =>
    cells.map((cell) => (/[",;\t\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");
  return [COLUMNS, ...rows.filter((row) => row.some((cell) => cell !== ""))].map((row) => `${line(row)}\n`).join("");
}
