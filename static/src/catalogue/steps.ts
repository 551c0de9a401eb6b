/** Undo and redo of whole documents: one step for one action; what is typed into one field in one go is one action. */

export interface Steps<Document> {
  readonly done: readonly Document[];
  readonly undone: readonly Document[];
  /** What the last step changed, and when, in milliseconds. */
  readonly last: { place: string; at: number } | null;
}

const MOST = 200;
const ONE_GO = 1200;

export function noSteps<Document>(): Steps<Document> {
  return { done: [], undone: [], last: null };
}

/** The steps after a change of `before` at a place. */
export function recorded<Document>(
  steps: Steps<Document>,
  before: Document,
  place: string,
  at: number,
): Steps<Document> {
  const goesOn = place !== "" && steps.last?.place === place && at - steps.last.at < ONE_GO && steps.done.length > 0;
  const done = goesOn ? steps.done : [...steps.done, before].slice(-MOST);
  return { done, undone: [], last: { place, at } };
}

/** One step back from `now`, with the document there; null when there is none. */
export function back<Document>(steps: Steps<Document>, now: Document): [Steps<Document>, Document] | null {
  const before = steps.done.at(-1);
  if (before === undefined) return null;
  return [{ done: steps.done.slice(0, -1), undone: [...steps.undone, now], last: null }, before];
}

/** One undone step forward again from `now`, with the document there; null when there is none. */
export function forward<Document>(steps: Steps<Document>, now: Document): [Steps<Document>, Document] | null {
  const after = steps.undone.at(-1);
  if (after === undefined) return null;
  return [{ done: [...steps.done, now], undone: steps.undone.slice(0, -1), last: null }, after];
}
