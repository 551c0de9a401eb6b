/** Where new assets lie that nobody has put anywhere: in rows below everything else. */
import { GRID, HEAD, WIDTH } from "../model/geometry.ts";
import type { Position, TwinDocument } from "../model/document.ts";

const GAP = 40;
const PER_ROW = 8;
/** As tall as most types are drawn, so that rows do not touch. */
const TALL = HEAD + 100;

/** The place of the new asset of each number. */
export function placesBelow(document: TwinDocument): (number: number) => Position {
  const places = Object.values(document.assets).map((asset) => asset.at);
  const left = places.reduce((least, [x]) => Math.min(least, x), places.length ? Infinity : 0);
  const bottom = places.reduce((most, [, y]) => Math.max(most, y), places.length ? -Infinity : -TALL - GAP);
  const top = Math.ceil((bottom + TALL + GAP) / GRID) * GRID;
  return (number) => [left + (number % PER_ROW) * (WIDTH + GAP), top + Math.floor(number / PER_ROW) * (TALL + GAP)];
}
