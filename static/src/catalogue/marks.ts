/** Texts in which parts are marked: formulas with what is wrong in them, JSON likewise. */
import type { Finding } from "./document.ts";

export interface Mark {
  start: number;
  end: number;
  finding: Finding;
}

export interface Piece {
  text: string;
  isMarked: boolean;
}

const SPAN = /^(.*):(\d+)-(\d+)$/;

/** The place of a finding without the part of a formula, which may stand behind it as `:START-END`, and that part. */
export function placeOf(finding: Finding): { place: string; span: [number, number] | null } {
  const { start, end, place } = finding;
  if (start != null && end != null) return { place, span: [start, end] };
  const found = SPAN.exec(place);
  return found ? { place: found[1] ?? "", span: [Number(found[2]), Number(found[3])] } : { place, span: null };
}

/** The same findings, told of the text that begins so many characters later at the same place. */
export function behind(characters: number, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => {
    const { place, span } = placeOf(finding);
    if (!span || characters === 0) return finding;
    const [start, end] = span;
    return { ...finding, place, start: Math.max(0, start - characters), end: Math.max(0, end - characters) };
  });
}

/** Where the code point of this number begins in a text of the browser's, which counts pairs of surrogates as two. */
export function unitsBefore(text: string, points: number): number {
  let [units, count] = [0, 0];
  for (const point of text) {
    if (count === points) break;
    units += point.length;
    count += 1;
  }
  return units;
}

/** What is wrong with the formula at a place; without a span the whole of it is meant. */
export function marksIn(text: string, findings: readonly Finding[], at: string): Mark[] {
  return findings.flatMap((finding) => {
    const { place, span } = placeOf(finding);
    if (place !== at) return [];
    const [start, end] = span ? [unitsBefore(text, span[0]), unitsBefore(text, span[1])] : [0, text.length];
    return [{ start: Math.min(start, text.length), end: Math.min(end, text.length), finding }];
  });
}

/** The text in pieces, marked or not. A mark of no length gets the character before it, for it must be seen. */
export function pieces(text: string, marks: readonly Pick<Mark, "start" | "end">[]): Piece[] {
  const edges = marks.map(({ start, end }): [number, number] =>
    start < end ? [start, end] : [Math.max(0, Math.min(start, text.length) - 1), Math.max(1, end)],
  );
  const cuts = [...new Set([0, text.length, ...edges.flat()])]
    .filter((cut) => cut <= text.length)
    .sort((a, b) => a - b);
  return cuts.slice(1).flatMap((end, index) => {
    const start = cuts[index] ?? 0;
    const isMarked = edges.some(([from, to]) => from <= start && end <= to);
    return [{ text: text.slice(start, end), isMarked }];
  });
}
