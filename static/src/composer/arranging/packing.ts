/** Blocks of boxes beside and below each other, in about the proportions of a screen. */
import type { Position } from "../model/document.ts";

export interface Size {
  width: number;
  height: number;
}

/** Wider than high, as screens are. */
export const SCREEN = 1.6;

/** How wide a sheet is that has room for all of this and is of a screen's proportions. */
export function sheetWidth(sizes: readonly Size[], gap: number): number {
  return Math.sqrt(sizes.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0) * SCREEN);
}

/** Where each goes, in rows from the top, the highest first, and of the same height in the order in which they come. */
export function packed(sizes: readonly Size[], gap: number): Position[] {
  const most = Math.max(sheetWidth(sizes, gap), ...sizes.map(({ width }) => width));
  const places = sizes.map((): Position => [0, 0]);
  let [x, y, row] = [0, 0, 0];
  for (const [index, { width, height }] of [...sizes.entries()].sort((one, other) => other[1].height - one[1].height)) {
    if (x > 0 && x + width > most) [x, y, row] = [0, y + row + gap, 0];
    places[index] = [x, y];
    x += width + gap;
    row = Math.max(row, height);
  }
  return places;
}
