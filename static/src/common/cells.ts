/** Cells of files that spreadsheets open: what they would run as a formula is told as text (CWE-1236). */

/** How a formula begins, in wide forms too, behind apostrophes of ours or of others. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?$/;

/** A text as a cell: with an apostrophe before what begins as a formula, a number such as -5 as it is. */
export function asCell(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** The text of a cell that was written so. */
export function asText(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
