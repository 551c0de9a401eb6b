/** The composer's talk with the server and with the browser's memory: loading, saving, publishing. */
import { announce } from "../common/dom.ts";
import { call, everyPage } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";
import { uuid7 } from "../common/uuid7.ts";
import { Autosave, type Saved, type Unsaved } from "./autosave.ts";
import type { AssetType } from "./catalogue.ts";
import type { Asset, Draft, TwinDocument } from "./document.ts";
import { open, outbox, useComposer } from "./store.ts";

/** What the page's template says (`composer_config`). */
export interface Configuration {
  /** Where the API begins, such as `/t/nordwerk/api/v1`. */
  api: string;
  twin: string;
  can_edit: boolean;
  can_publish: boolean;
  urls: { twin?: string; catalogue?: string };
}

export interface Session {
  autosave: Autosave;
  publish: (note: string) => Promise<{ version: number }>;
}

const NO_PROPERTIES: Pick<Asset, "properties"> = { properties: {} };

function remember(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage nothing outlives the page; saving to the server goes on as before.
  }
}

function recall<Value>(key: string, nothing: Value): Value {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? "null") as Value | null) ?? nothing;
  } catch {
    return nothing;
  }
}

const SPOKEN: Record<string, string> = {
  retrying: gettext("Not saved; trying again."),
  conflict: gettext("Someone else changed the same. Choose what to keep."),
  refused: gettext("The server refused the last change."),
};

/** The answer with what the server leaves out because it is empty. */
function whole<Answer extends Saved>(answer: Answer): Answer {
  const { document } = answer;
  const assets = Object.entries(document.assets).map(([id, asset]) => [id, { ...NO_PROPERTIES, ...asset }]);
  return { ...answer, document: { ...document, assets: Object.fromEntries(assets) as TwinDocument["assets"] } };
}

/** Loads the twin's draft and the catalogue, and begins to save. @throws RefusedError, UnreachableError */
export async function start(configuration: Configuration): Promise<Session> {
  const base = configuration.api.replace(/\/$/, "");
  const twin = `${base}/twins/${configuration.twin}`;
  const unsavedKey = `outturn.unsaved.${configuration.twin}`;
  const placedKey = `outturn.placed.${configuration.twin}`;
  const [draft, types] = await Promise.all([
    call<Draft>(`${twin}/draft/`).then(whole),
    everyPage<AssetType>(`${base}/asset-types/`),
  ]);
  open(draft, types, configuration.can_edit, recall<string[]>(placedKey, []));

  const autosave = new Autosave(draft, {
    send: ({ key, revision, operations }) =>
      call<Saved>(
        `${twin}/draft/operations/`,
        { base_revision: revision, operations },
        { "Idempotency-Key": key },
      ).then(whole),
    load: () => call<Draft>(`${twin}/draft/`).then(whole),
    newKey: () => uuid7(),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    changed: () => {
      const { save } = useComposer.getState();
      if (save.kind !== autosave.state.kind) announce(SPOKEN[autosave.state.kind] ?? "");
      useComposer.setState({ save: autosave.state });
      const { unsaved } = autosave;
      remember(unsavedKey, unsaved.batch || unsaved.waiting.length ? unsaved : null);
    },
    merged: (document) => {
      useComposer.getState().receive(document, autosave.base.findings);
    },
  });
  outbox.send = (operations) => {
    autosave.add(operations);
  };
  if (configuration.can_edit) autosave.restore(recall<Unsaved>(unsavedKey, { revision: 0, batch: null, waiting: [] }));
  useComposer.subscribe((now, before) => {
    if (now.placed !== before.placed) remember(placedKey, [...now.placed]);
  });
  addEventListener("online", () => void autosave.retry());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) void autosave.flush();
  });
  addEventListener("beforeunload", (event) => {
    // What merely waits is saved on leaving or taken up at the next visit; only what needs a decision holds one back.
    if (["conflict", "refused"].includes(autosave.state.kind)) event.preventDefault();
  });

  async function publish(note: string): Promise<{ version: number }> {
    await autosave.flush();
    const published = await call<{ version: number }>(`${twin}/publish/`, { revision: autosave.base.revision, note });
    useComposer.setState({ publishedVersion: published.version });
    return published;
  }
  return { autosave, publish };
}
