/** The editor's talk with the server and with the browser's memory: loading, looking, saving, publishing. */
import { asText, same, type Finding, type JsonObject } from "../catalogue/document.ts";
import { call, RefusedError, UnreachableError } from "../common/api.ts";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { written, type KnownAsset, type TextSection } from "./model.ts";
import { isChanged, useContract, type Before } from "./store.ts";

/** What the page's template says (`contract_config`). */
export interface Configuration {
  /** Where the API begins, such as `/t/nordwerk/api/v1`. */
  api: string;
  contract: string;
  can_publish: boolean;
  customers: [id: string, name: string][];
  twins: [id: string, name: string][];
  zones: string[];
  /** Digits of the minor unit by code. */
  currencies: Record<string, number>;
  /** The page of the contract. */
  url: string;
}

interface Stored {
  revision: number;
  published_version: number | null;
  draft: JsonObject;
  text: string[];
}

interface Looked {
  findings: Finding[];
  sections: TextSection[];
  version: number | null;
  digest: string | null;
}

interface Kept {
  draft: JsonObject;
  revision: number;
}

export interface Session {
  configuration: Configuration;
  save: () => Promise<boolean>;
  /** Ends a conflict: with their draft in place of ours, or with ours upon theirs. */
  settle: (keep: "theirs" | "ours") => Promise<void>;
  publish: () => Promise<void>;
}

const PAUSE = 250;

function remember(key: string, kept: Kept | null): void {
  try {
    if (kept === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Without storage nothing outlives the page; saving to the server goes on as before.
  }
}

function recall(key: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

/** What the assets of a twin tell; nothing of one that is not published any more. */
async function assetsOf(base: string, twin: string): Promise<KnownAsset[]> {
  try {
    const url = `${base}/contract-templates/?twin=${encodeURIComponent(twin)}`;
    return (await call<{ assets: KnownAsset[] }>(url)).assets;
  } catch (error) {
    if (error instanceof RefusedError && error.status < 500) return [];
    throw error;
  }
}

async function versionBefore(url: string, version: number | null): Promise<Before | null> {
  if (version === null) return null;
  const found = await call<{ text: string[]; document: { effective: { from: string } } }>(`${url}versions/${version}/`);
  return { version, lines: found.text, from: found.document.effective.from };
}

/** Loads the draft with all that its fields need, and looks at it from then on. @throws RefusedError, UnreachableError */
export async function start(configuration: Configuration): Promise<Session> {
  const base = configuration.api.replace(/\/$/, "");
  const url = `${base}/contracts/${configuration.contract}/`;
  const key = `outturn.contract.${configuration.contract}`;
  const stored = await call<Stored>(url);
  const draft = written(stored.draft);
  const [assets, before] = await Promise.all([
    assetsOf(base, asText(draft["twin"])),
    versionBefore(url, stored.published_version),
  ]);
  useContract.setState({ draft, saved: draft, revision: stored.revision, assets, before });
  const kept = recall(key);
  if (kept && !same(kept.draft, draft)) useContract.setState({ draft: kept.draft, revision: kept.revision });
  await look(base, configuration.contract);
  follow(base, configuration.contract, key);
  addEventListener("beforeunload", (event) => {
    if (isChanged(useContract.getState())) event.preventDefault();
  });

  async function save(): Promise<boolean> {
    const { draft: sent, revision, save: state } = useContract.getState();
    if (state.kind === "saving" || state.kind === "conflict") return false;
    if (!isChanged(useContract.getState())) return true;
    useContract.setState({ save: { kind: "saving" } });
    try {
      const answer = await call<Stored>(url, { ...sent, revision }, {}, { method: "PUT" });
      useContract.setState({ saved: sent, revision: answer.revision, save: { kind: "quiet" } });
      if (!isChanged(useContract.getState())) remember(key, null);
      announce(gettext("Saved."));
      return true;
    } catch (error) {
      await failed(error, url);
      return false;
    }
  }

  async function settle(keep: "theirs" | "ours"): Promise<void> {
    const { save: state } = useContract.getState();
    if (state.kind !== "conflict") return;
    const { theirs, revision } = state;
    useContract.setState({ saved: theirs, revision, save: { kind: "quiet" } });
    if (keep === "ours") await save();
    else {
      useContract.setState({ draft: theirs, isCurrent: false });
      remember(key, null);
    }
  }

  async function publish(): Promise<void> {
    if (!(await save())) return;
    const { revision } = useContract.getState();
    await call(`${url}publish/`, { revision });
    remember(key, null);
    location.assign(configuration.url);
  }

  return { configuration, save, settle, publish };
}

async function failed(error: unknown, url: string): Promise<void> {
  if (error instanceof UnreachableError) useContract.setState({ save: { kind: "unreachable" } });
  else if (!(error instanceof RefusedError)) throw error;
  else if (error.status === 409 && error.problem.code === "contract.conflict") await meet(url);
  else {
    const findings = (error.problem["findings"] as Finding[] | undefined) ?? [];
    if (findings.length) useContract.setState({ findings });
    const message = [error.message, error.problem.fix ?? ""].join(" ").trim();
    useContract.setState({ save: { kind: "refused", message } });
    announce(gettext("Not saved."));
  }
}

/** Somebody else saved meanwhile: their draft is fetched, so that both can be seen. */
async function meet(url: string): Promise<void> {
  try {
    const { draft, revision, text } = await call<Stored>(url);
    useContract.setState({ save: { kind: "conflict", theirs: written(draft), revision, lines: text } });
  } catch (error) {
    await failed(error instanceof RefusedError ? new UnreachableError(error.message) : error, url);
  }
}

/** Asks what is wrong with the draft and how it reads. */
async function look(base: string, contract: string, signal?: AbortSignal): Promise<void> {
  const { draft } = useContract.getState();
  try {
    const manner = signal ? { signal } : {};
    const looked = await call<Looked>(`${base}/contracts/look/`, { contract, draft }, {}, manner);
    if (useContract.getState().draft !== draft) return;
    useContract.setState({ findings: looked.findings, isCurrent: true });
    if (looked.findings.length) useContract.setState({ version: null, digest: null });
    else useContract.setState({ sections: looked.sections, version: looked.version, digest: looked.digest });
  } catch (error) {
    // Saving tells of a server that is away; the text waits until it is back.
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
  }
}

/** After each change: keeps the draft in the browser's memory, and looks at it when the person pauses. */
function follow(base: string, contract: string, key: string): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = new AbortController();
  useContract.subscribe((state, before) => {
    if (state.draft === before.draft) return;
    remember(key, isChanged(state) ? { draft: state.draft, revision: state.revision } : null);
    if (state.draft["twin"] !== before.draft["twin"])
      void assetsOf(base, asText(state.draft["twin"])).then((assets) => {
        useContract.setState({ assets });
      });
    clearTimeout(timer);
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    timer = setTimeout(() => void look(base, contract, signal), PAUSE);
  });
}
