/** Entry point of a twin's versions: one to look at, or what differs between two. */
import "@xyflow/react/dist/base.css";
import "./versions/versions.css";
import { createRoot } from "react-dom/client";
import { call, RefusedError, UnreachableError } from "./common/api.ts";
import { configuration } from "./common/dom.ts";
import { gettext } from "./common/gettext.ts";
import type { TwinDocument } from "./composer/model/document.ts";
import type { Change, Counts } from "./versions/diff.ts";
import { Versions, type Configuration, type Loaded } from "./versions/Versions.tsx";

const NOTHING: TwinDocument = { name: "", assets: {}, links: {}, bindings: {}, groups: {}, notes: {} };

async function documentOf(twin: string, which: string): Promise<TwinDocument> {
  if (which === "0") return NOTHING;
  const address = which === "draft" ? `${twin}/draft/` : `${twin}/versions/${which}/`;
  const { document } = await call<{ document: Partial<TwinDocument> }>(address);
  return { ...NOTHING, ...document };
}

async function load({ api, twin: id, before, after }: Configuration): Promise<Loaded> {
  const twin = `${api}/twins/${id}`;
  const asked = new URLSearchParams({ before: before ?? "0", after });
  const [was, is, found] = await Promise.all([
    before === null ? null : documentOf(twin, before),
    documentOf(twin, after),
    call<{ changes: Change[]; counts: Counts }>(`${twin}/compare/?${asked.toString()}`),
  ]);
  return { before: was, after: is, changes: found.changes, counts: found.counts };
}

async function run(place: HTMLElement): Promise<void> {
  const settings = configuration("versions_config") as Configuration;
  try {
    const loaded = await load(settings);
    createRoot(place).render(<Versions configuration={settings} loaded={loaded} />);
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.textContent =
      error instanceof RefusedError
        ? error.message
        : gettext("The server could not be reached. Load the page again when the connection is back.");
    place.replaceChildren(words);
  }
}

const place = document.getElementById("versions");
if (place) void run(place);
