/** The editor's talk with the server and with the browser's memory: loading, saving, trying formulas, publishing. */
import { call, everyPage, RefusedError } from "../common/api.ts";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import type { Finding, TypeDocument } from "./document.ts";
import type { Resolved } from "./inheritance.ts";
import { Saving, type Saved, type Unsaved } from "./saving.ts";
import { extended, outbox, useEditor, type KnownType } from "./store.ts";
import type { LanguageFunction, UnitOfMeasure } from "./vocabulary.ts";

/** What the page's template says (`type_config`). */
export interface Configuration {
  /** Where the API begins, such as `/t/nordwerk/api/v1`. */
  api: string;
  draft: string;
  can_edit: boolean;
  can_publish: boolean;
  /** Roles by their names in documents, with what people call them. */
  roles: [string, string][];
  urls: { catalogue: string; type: string };
}

interface Draft extends Saved {
  key: string;
  published: number | null;
}

/** What a formula gives over sample data; `at` in seconds from its begin. */
export interface Preview {
  at: number[];
  values: (number | boolean | string | null)[];
  unit: string | null;
  sort: "number" | "truth" | "text";
}

export interface Session {
  saving: Saving;
  configuration: Configuration;
  publish: (note: string) => Promise<{ version: number }>;
}

interface Words {
  functions: LanguageFunction[];
  units: UnitOfMeasure[];
}

function remember(key: string, value: Unsaved | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage nothing outlives the page; saving to the server goes on as before.
  }
}

function recall(key: string): Unsaved | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as Unsaved | null;
  } catch {
    return null;
  }
}

const SPOKEN: Record<string, string> = {
  retrying: gettext("Not saved; trying again."),
  conflict: gettext("Someone else changed the same. Choose what to keep."),
  refused: gettext("The server refused the last change."),
};

/** A published type with all that it inherits; null when the catalogue does not have it. */
async function resolved(base: string, reference: string): Promise<Resolved | null> {
  try {
    return await call<Resolved>(`${base}/asset-types/${encodeURIComponent(reference)}/resolved/`);
  } catch (error) {
    if (error instanceof RefusedError && error.status < 500) return null;
    throw error;
  }
}

/** Learns of every type that the document extends, and of those that it comes to extend. */
async function followParents(base: string, document: TypeDocument): Promise<void> {
  const asked = new Set<string>();
  const follow = (now: TypeDocument): Promise<unknown> =>
    Promise.all(
      extended(now)
        .filter((each) => !asked.has(each))
        .map(async (each) => {
          asked.add(each);
          try {
            useEditor.getState().learn(each, await resolved(base, each));
          } catch {
            asked.delete(each);
          }
        }),
    );
  useEditor.subscribe((state, before) => {
    if (state.document !== before.document) void follow(state.document);
  });
  await follow(document);
}

/** Loads the draft with all that its forms need, and begins to save. @throws RefusedError, UnreachableError */
export async function start(configuration: Configuration): Promise<Session> {
  const base = configuration.api.replace(/\/$/, "");
  const url = `${base}/asset-type-drafts/${configuration.draft}/`;
  const unsavedKey = `outturn.type.${configuration.draft}`;
  const [draft, types] = await Promise.all([call<Draft>(url), everyPage<KnownType>(`${base}/asset-types/`)]);
  useEditor.setState({
    document: draft.document,
    findings: draft.findings,
    published: draft.published,
    types,
    roles: configuration.roles,
    canEdit: configuration.can_edit,
  });
  const saving = new Saving(draft, {
    put: (revision, document) => call<Saved>(url, { revision, document }, {}, { method: "PUT" }),
    load: () => call<Saved>(url),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    changed: () => {
      const { state } = saving;
      if (useEditor.getState().save.kind !== state.kind) announce(SPOKEN[state.kind] ?? "");
      useEditor.setState({ save: state, findings: saving.base.findings });
      remember(unsavedKey, saving.unsaved);
    },
    received: (document, before, theirs) => {
      useEditor.getState().receive(document, before, theirs);
    },
  });
  outbox.send = (document) => {
    saving.edit(document);
  };
  const [words] = await Promise.all([
    // Only who may write needs to know what can be written.
    configuration.can_edit ? call<Words>(`${base}/asset-type-drafts/vocabulary/`, { document: {} }) : null,
    followParents(base, draft.document),
  ]);
  if (words) useEditor.setState({ functions: words.functions, units: words.units });
  const unsaved = recall(unsavedKey);
  if (configuration.can_edit && unsaved) saving.restore(unsaved);
  stayAwake(saving);

  async function publish(note: string): Promise<{ version: number }> {
    await saving.flush();
    return call<{ version: number }>(`${url}publish/`, { revision: saving.base.revision, note });
  }
  return { saving, configuration, publish };
}

function stayAwake(saving: Saving): void {
  addEventListener("online", () => void saving.retry());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) void saving.flush();
  });
  addEventListener("beforeunload", (event) => {
    // What merely waits is saved on leaving or taken up at the next visit; only what needs a decision holds one back.
    if (["conflict", "refused"].includes(saving.state.kind)) event.preventDefault();
  });
}

/** What a formula gives over sample data, or what is wrong with it. */
export async function tryFormula(
  { api }: Configuration,
  question: { document: TypeDocument; place: string; formula: string },
  signal: AbortSignal,
): Promise<{ preview: Preview | null; findings: Finding[] }> {
  const url = `${api.replace(/\/$/, "")}/asset-type-drafts/preview/`;
  const { findings, ...preview } = await call<Preview & { findings: Finding[] }>(url, question, {}, { signal });
  return { findings, preview: findings.length ? null : preview };
}
