/** Where live values come from: the twin's websocket, with what was before it loaded each time it opens. */
import { create } from "zustand";
import { call, everyPage, RefusedError, UnreachableError } from "../../common/api.ts";
import { LiveSocket, type SocketState } from "../../live/socket.ts";
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

/** Begins to show live values. The answer ends it. */
export function follow({ api, twin, websocket }: Source): () => void {
  const values = new LiveValues({
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
  });
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
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
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
  useLive.setState({ values });
  const online = (): void => {
    socket.connect();
  };
  const clock = setInterval(() => {
    if (!document.hidden) values.tick();
  }, TICK);
  addEventListener("online", online);
  socket.connect();
  return () => {
    clearInterval(clock);
    removeEventListener("online", online);
    socket.end();
    useLive.setState({ values: null, connection: null });
  };
}
