/** The composer's talk with the server and with the browser's memory: loading, saving, publishing. */
import { announce } from "../common/dom.ts";
import { call, everyPage, RefusedError } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";
import { uuid7 } from "../common/uuid7.ts";
import { Autosave } from "./saving/autosave.ts";
import type { AssetType } from "./model/catalogue.ts";
import type { Asset, Draft, TwinDocument } from "./model/document.ts";
import type { Told } from "./saving/findings.ts";
import { Queue } from "./saving/queue.ts";
import type { Answer, Batch, Catching, Saved } from "./saving/saving.ts";
import { open, outbox, useComposer } from "./store.ts";
import { usePanels } from "./panels.ts";
import { join, publishedInWords, useTogether, type Published } from "./together/together.ts";
import { byOthers, UnseenError } from "./together/unseen.ts";

/** What the page's template says (`composer_config`). */
export interface Configuration {
  /** Where the API begins, such as `/t/nordwerk/api/v1`. */
  api: string;
  twin: string;
  /** Who looks at the page: what they could not save is theirs alone, and how their edits are signed. */
  person: string;
  author: string;
  can_edit: boolean;
  can_publish: boolean;
  /** The websocket of the published twin's values and alarms. */
  live: string;
  urls: {
    twin?: string;
    catalogue?: string;
    versions?: string;
    gallery?: string;
    gateways?: string;
    blueprint?: string;
  };
}

export interface Session {
  autosave: Autosave;
  /** Has it told what is wrong with the draft, where that is not known. */
  judge: () => void;
  /** Where one signs in, for a new tab. */
  signIn: string;
  /** Publishes the draft. `seen` is the revision up to which the person was shown what others did. @throws UnseenError */
  publish: (note: string, seen?: number, name?: string) => Promise<{ version: number }>;
  twin: string;
  /** Where the API begins. */
  api: string;
  /** The address of something of the twin's in the API, such as `publication/`. */
  address: (place: string) => string;
}

const NO_PROPERTIES: Pick<Asset, "properties"> = { properties: {} };

function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
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
  "signed-out": gettext("You are signed out. Your changes are kept in this browser."),
  conflict: gettext("Somebody else changed the same. Choose what to keep."),
  refused: gettext("The server refused the last change."),
};

/** The answer with what the server leaves out because it is empty. */
function whole<Answer extends Saved>(answer: Answer): Answer {
  const { document } = answer;
  const assets = Object.entries(document.assets).map(([id, asset]) => [id, { ...NO_PROPERTIES, ...asset }]);
  return { ...answer, document: { ...document, assets: Object.fromEntries(assets) as TwinDocument["assets"] } };
}

/** A session that began after this page was loaded has a token of its own: the page's head tells it. */
async function renewToken(): Promise<void> {
  const page = await fetch(location.href, { credentials: "same-origin" }).then((answer) => answer.text());
  const token = new DOMParser()
    .parseFromString(page, "text/html")
    .querySelector<HTMLMetaElement>("meta[name=csrf-token]");
  const ours = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]");
  if (token && ours) ours.content = token.content;
}

async function send(twin: string, { key, revision, mark, operations }: Batch): Promise<Answer> {
  // What is undefined is left out: a batch that is sent again says the same as the first time.
  const body = { base_revision: revision, operations, findings_mark: mark };
  const post = (): Promise<Answer> => call(`${twin}/draft/operations/`, body, { "Idempotency-Key": key });
  try {
    return await post();
  } catch (error) {
    if (!(error instanceof RefusedError && error.problem.code === "request.csrf")) throw error;
    await renewToken().catch(() => undefined); // then it is refused as before
    return post();
  }
}

type Done = Omit<Catching, "findings"> & Told & { people: Record<string, string>; versions: Published[] };

/** What was done since a revision; what its authors are called is remembered for all who show it. */
async function changes(twin: string, since: number, mark: string): Promise<Catching> {
  const found = await call<Done>(`${twin}/draft/changes/?since=${since}&findings_mark=${mark}`);
  useTogether.setState(({ names }) => ({ names: { ...names, ...found.people } }));
  const notice = found.versions.map(publishedInWords).join(" ");
  return { revision: found.revision, changes: found.changes, findings: [found], notice };
}

function autosaveOf(twin: string, draft: Draft, queue: Queue): Autosave {
  const autosave = new Autosave(draft, {
    send: (batch) => send(twin, batch),
    changes: (since, mark) => changes(twin, since, mark),
    load: () => call<Draft>(`${twin}/draft/`).then(whole),
    keep: (unsaved) => queue.keep(unsaved),
    newKey: () => uuid7(),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    changed: () => {
      const { save } = useComposer.getState();
      const words = SPOKEN[autosave.state.kind];
      // What has nothing to say must not take back what was said of the edit itself.
      if (words && save.kind !== autosave.state.kind) announce(words);
      useComposer.setState({ save: autosave.state });
    },
    merged: (document) => {
      const { findings, findings_mark: mark } = autosave.base;
      useComposer.setState({ isJudged: mark !== "" });
      useComposer.getState().receive(document, findings);
    },
  });
  return autosave;
}

/** Live values are shown unless this person has switched them off here. */
function rememberLive(person: string): void {
  const key = `outturn.live.${person}`;
  usePanels.setState({ isLive: recall(key, true) });
  usePanels.subscribe((now, before) => {
    if (now.isLive !== before.isLive) remember(key, now.isLive);
  });
}

function everythingIsSaved(): Promise<void> {
  if (useComposer.getState().save.kind === "saved") return Promise.resolve();
  return new Promise((resolve) => {
    const stop = useComposer.subscribe(({ save }) => {
      if (save.kind !== "saved") return;
      stop();
      resolve();
    });
  });
}

/** Takes over, one after the other, what pages that are gone could not save. */
async function takeOver(autosave: Autosave, queue: Queue): Promise<void> {
  for (let left = await queue.left(); left; left = await queue.left()) {
    await everythingIsSaved();
    queue.adopt(left);
    autosave.restore(left);
    await everythingIsSaved();
  }
}

function watchPage(autosave: Autosave): void {
  const again = (): void => {
    // What the server refused is tried again when the person says so.
    if (autosave.state.kind !== "refused") void autosave.retry();
    judge(autosave);
  };
  addEventListener("online", again);
  addEventListener("focus", again);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) void autosave.flush();
    else again();
  });
  addEventListener("beforeunload", (event) => {
    // What is kept is taken up at the next visit; only what is not, or needs a decision, holds one back.
    const { state } = autosave;
    const isLost = state.kind === "unsaved" || ("kept" in state && !state.kept);
    if (isLost || state.kind === "conflict" || state.kind === "refused") event.preventDefault();
  });
}

/** Has it told what is wrong with a draft that was opened without that, or that could not be judged before. */
function judge(autosave: Autosave): void {
  if (!autosave.base.findings_mark) void autosave.catchUp();
}

/** The draft as it is stored: what is wrong with it is told later. */
async function loadUnjudged(twin: string): Promise<Draft> {
  const draft = await call<Draft>(`${twin}/draft/?findings=later`);
  return whole({ ...draft, findings: [], findings_mark: "" });
}

/** Loads the twin's draft and the catalogue, and begins to save. @throws RefusedError, UnreachableError */
export async function start(configuration: Configuration): Promise<Session> {
  const base = configuration.api.replace(/\/$/, "");
  const twin = `${base}/twins/${configuration.twin}`;
  const placedKey = `outturn.placed.${configuration.twin}`;
  const [draft, types] = await Promise.all([loadUnjudged(twin), everyPage<AssetType>(`${base}/asset-types/`)]);
  open(draft, types, configuration.can_edit, recall<string[]>(placedKey, []));

  const queue = new Queue(configuration.twin, configuration.person, uuid7());
  const autosave = autosaveOf(twin, draft, queue);
  outbox.send = (operations) => {
    autosave.add(operations);
  };
  if (configuration.can_edit) {
    void takeOver(autosave, queue).catch(() => undefined); // a browser that keeps nothing has nothing to hand on
  }
  useComposer.subscribe((now, before) => {
    if (now.placed !== before.placed) remember(placedKey, [...now.placed]);
  });
  rememberLive(configuration.person);
  watchPage(autosave);
  join(base.replace(/\/api\/v\d+$/, ""), configuration.twin, configuration.author, autosave);

  async function publish(note: string, seen?: number, name = ""): Promise<{ version: number }> {
    await autosave.flush();
    if (seen !== undefined) {
      const { changes: since } = await changes(twin, seen, autosave.base.findings_mark);
      if (byOthers(since, configuration.author).length) throw new UnseenError();
    }
    const words = { note, name };
    const published = await call<{ version: number }>(`${twin}/publish/`, {
      revision: autosave.base.revision,
      ...words,
    });
    useComposer.setState({ publishedVersion: published.version });
    return published;
  }
  const address = (place: string): string => `${twin}/${place}`;
  return {
    autosave,
    judge: () => {
      judge(autosave);
    },
    signIn: configuration.urls.twin ?? "/",
    publish,
    twin: configuration.twin,
    api: base,
    address,
  };
}
