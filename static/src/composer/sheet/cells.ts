/** Tables as spreadsheets put them on the clipboard and as files keep them: separated by tabs, commas or semicolons. */

import { asCell, asText } from "../../common/cells.ts";

/** The most letters that are read at once. */
export const LONGEST = 5_000_000;

const NUMBERS = /^\s*-?\d+(,\d+)?\s*$/;

/** What stands in quotation marks, where nothing separates. */
const QUOTED = /"(?:[^"]|"")*"/g;

/**
 * What separates the cells of a text; empty when it is one column. A column of numbers with decimal commas is one
 * column, and a single line is divided by tabs only, as it may well be a sentence.
 */
function separatorOf(text: string): string {
  const bare = text.replace(QUOTED, "");
  if (bare.includes("\t")) return "\t";
  const lines = bare.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length < 2 || lines.every((line) => NUMBERS.test(line))) return "";
  const [head = ""] = lines;
  return [";", ","].find((letter) => head.includes(letter)) ?? "";
}

/** The cells of a text, row by row; a cell in quotation marks may hold separators, line ends and doubled quotation marks. */
export function readCells(text: string): string[][] {
  const separator = separatorOf(text);
  const rows: string[][] = [[]];
  let place = 0;
  const row = (): string[] => rows[rows.length - 1] ?? [];
  while (place <= text.length) {
    const [cell, after] = readCell(text, place, separator);
    row().push(asText(cell));
    if (after >= text.length) break;
    place = after + 1;
    if (text[after] === separator) continue;
    if (text[after] === "\r" && text[place] === "\n") place += 1;
    // A line end after the last line begins no other.
    if (place >= text.length) break;
    rows.push([]);
  }
  return rows;
}

/** The cell that begins at a place, and where what ends it stands. */
function readCell(text: string, start: number, separator: string): [string, number] {
  const isEnd = (place: number): boolean => {
    const letter = text[place];
    return letter === undefined || letter === "\n" || letter === "\r" || (separator !== "" && letter === separator);
  };
  if (text[start] === '"') {
    let end = start + 1;
    while (end < text.length && !(text[end] === '"' && text[end + 1] !== '"')) end += text[end] === '"' ? 2 : 1;
    if (end < text.length && isEnd(end + 1)) return [text.slice(start + 1, end).replaceAll('""', '"'), end + 1];
  }
  let end = start;
  while (!isEnd(end)) end += 1;
  return [text.slice(start, end), end];
}

function written(text: string, separator: string): string {
  const cell = asCell(text);
  return cell.includes(separator) || /["\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Cells as a text that spreadsheets read: with tabs for the clipboard, with commas for a file. */
export function writeCells(rows: readonly (readonly string[])[], separator = "\t"): string {
  return rows.map((row) => row.map((cell) => written(cell, separator)).join(separator)).join("\r\n");
}
