/**
 * Where live values come from: the twin's websocket, with what was before it loaded each time it opens; and the server's
 * answer to what is not published yet.
 */
import { create } from "zustand";
import { call, everyPage, RefusedError, UnreachableError } from "../../common/api.ts";
import { LiveSocket, type SocketState } from "../../live/socket.ts";
import { useComposer } from "../store.ts";
import { followDraft } from "./drafted.ts";
import { LiveValues, MOST_SHOWN, type Alarm, type Message } from "./values.ts";

interface Live {
  /** What is known; null while live values are not shown. */
  values: LiveValues | null;
  connection: SocketState | null;
  /** By the key of a type: the signals that are shown on assets of it. */
  shown: Readonly<Record<string, readonly string[]>>;
}

const SHOWN = "outturn.live.shown";
const TICK = 1000;

function recall(): Live["shown"] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(SHOWN) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Live["shown"]) : {};
  } catch {
    return {};
  }
}

export const useLive = create<Live>(() => ({ values: null, connection: null, shown: recall() }));

/** Shows a signal on all assets of a type, or no longer; of more than may be shown the one chosen first goes. */
export function choose(type: string, now: readonly string[], signal: string, isShown: boolean): void {
  const wanted = isShown ? [...now, signal].slice(-MOST_SHOWN) : now.filter((each) => each !== signal);
  const shown = { ...useLive.getState().shown, [type]: wanted };
  useLive.setState({ shown });
  try {
    localStorage.setItem(SHOWN, JSON.stringify(shown));
  } catch {
    // Without storage the choice holds as long as the page.
  }
  useLive.getState().values?.tick();
}

/** Loads something that the page can do without, such as alarms that the person may not see. */
async function perhaps<Answer>(load: Promise<Answer>, take: (answer: Answer) => void): Promise<void> {
  try {
    take(await load);
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
  }
}

export interface Source {
  api: string;
  twin: string;
  websocket: string;
}

const after = (milliseconds: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, milliseconds);
  return () => {
    clearTimeout(timer);
  };
};

/** Begins to show live values: of what is bound, and of what is published if anything is. The answer ends it. */
export function follow(source: Source, isPublished: boolean): () => void {
  const values = new LiveValues({ after });
  const stops = [followDraft(source.api, values, () => useComposer.getState().document)];
  if (isPublished) stops.push(followPublished(source, values));
  const clock = setInterval(() => {
    if (!document.hidden) values.tick();
  }, TICK);
  useLive.setState({ values });
  return () => {
    clearInterval(clock);
    for (const stop of stops) stop();
    useLive.setState({ values: null, connection: null });
  };
}

function followPublished({ api, twin, websocket }: Source, values: LiveValues): () => void {
  const load = (): void => {
    void perhaps(call<Message>(`${api}/twins/${twin}/latest/`), (latest) => {
      values.take(latest);
    });
    void perhaps(everyPage<Alarm>(`${api}/alarms/?twin=${twin}&standing=true&limit=500`), (alarms) => {
      values.takeStanding(alarms);
    });
  };
  const address = new URL(websocket, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new LiveSocket(address.href, {
    open: (url) => new WebSocket(url),
    after,
    now: () => Date.now(),
    changed: (connection) => {
      useLive.setState({ connection });
      // What was sent while nobody listened is in the latest values.
      if (connection.kind === "open") load();
    },
    message: (data) => {
      values.take(data as Message);
    },
  });
  const online = (): void => {
    socket.connect();
  };
  addEventListener("online", online);
  socket.connect();
  return () => {
    removeEventListener("online", online);
    socket.end();
  };
}
