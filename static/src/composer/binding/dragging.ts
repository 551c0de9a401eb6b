/** A key that is dragged onto a signal. */
import type { SentKey } from "./keys.ts";

/** As what it is dragged: nothing else on the page takes it. */
export const DRAGGED = "application/x-outturn-key";

/** The key that was let go here; nothing when it was something else. */
export function draggedKey(data: DataTransfer): SentKey | null {
  const text = data.getData(DRAGGED);
  return text ? (JSON.parse(text) as SentKey) : null;
}
