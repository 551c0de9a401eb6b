/** What others did to a draft that a person is about to publish. */
import type { Change } from "../saving/merge.ts";

/** Others went on while the person was looking: it is not published before they have seen that, too. */
export class UnseenError extends Error {
  constructor() {
    super("Others changed the draft meanwhile.");
  }
}

/** The changes that were not made by the person themselves. */
export function byOthers(changes: readonly Change[], author: string): Change[] {
  return changes.filter((change) => change.author !== author);
}
