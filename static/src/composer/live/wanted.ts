/** Whether there is anything to be seen live. */
import type { Composer } from "../store.ts";

/** Of what is published, and of what is bound. */
export function hasValues({ publishedVersion, document }: Composer): boolean {
  if (publishedVersion !== null) return true;
  for (const _ in document.bindings) return true;
  return false;
}
