/** What is not saved, as a file: the last resort, from which nothing is lost. */
import type { Autosave } from "./autosave.ts";
import type { Clash } from "./merge.ts";

/** Everything of ours that is not saved, what others did where it conflicts, and the document as it is seen here. */
export function fileOf(autosave: Autosave, clashes: readonly Clash[], now: Date): string {
  const { revision, batch, waiting } = autosave.unsaved;
  const operations = [...(batch?.operations ?? []), ...waiting];
  const content = { made_at: now.toISOString(), revision, operations, clashes, document: autosave.document };
  return JSON.stringify(content, null, 2);
}

/** Saves it where the browser saves files. */
export function download(autosave: Autosave, clashes: readonly Clash[] = []): void {
  const file = new Blob([fileOf(autosave, clashes, new Date())], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = "unsaved-changes.json";
  link.click();
  URL.revokeObjectURL(link.href);
}
