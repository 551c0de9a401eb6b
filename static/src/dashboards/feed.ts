/** Where a dashboard's readings come from: for colleagues the websocket of the twin, for customers their view, asked again. */
import { call, RefusedError, UnreachableError } from "../common/api.ts";
import { load, type Stretch } from "../history/data.ts";
import { loadSpans, type AlarmSpan } from "../history/spans.ts";
import type { Reading, Values } from "../live/fleet.ts";
import { LiveSocket, type SocketState } from "../live/socket.ts";
import type { Known } from "./known.ts";
import type { Plot } from "./plot.ts";
import type { TileSignal } from "../tiles/tile.ts";

const ASK_AGAIN_MS = 5000;
const STEPS = 300;

interface SharedValue {
  asset: string;
  key: string;
  at: string | null;
  value: number | null;
  quality: number;
}

export class Feed {
  readonly latest = new Map<string, Reading>();
  state: SocketState = { kind: "connecting" };
  private readonly known: Known;
  private readonly news: (values: Values) => void;
  private readonly changed: () => void;

  constructor(known: Known, news: (values: Values) => void, changed: () => void) {
    [this.known, this.news, this.changed] = [known, news, changed];
  }

  start(): void {
    const { websocket } = this.known.settings;
    if (websocket) this.listen(websocket);
    else void this.askAgain();
  }

  private listen(websocket: string): void {
    const address = new URL(websocket, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new LiveSocket(address.href, {
      open: (url) => new WebSocket(url),
      after: (milliseconds, later) => {
        const timer = setTimeout(later, milliseconds);
        return () => {
          clearTimeout(timer);
        };
      },
      now: () => Date.now(),
      changed: (state) => {
        this.become(state);
        if (state.kind === "open") void this.ask();
      },
      message: (data) => {
        this.take((data as { values?: Values }).values ?? {});
      },
    });
    socket.connect();
    addEventListener("online", () => {
      socket.connect();
    });
  }

  private become(state: SocketState): void {
    this.state = state;
    this.changed();
  }

  private async askAgain(): Promise<void> {
    const fine = await this.ask();
    const until = Date.now() + ASK_AGAIN_MS;
    this.become(fine ? { kind: "open" } : { kind: "waiting", until });
    setTimeout(() => void this.askAgain(), ASK_AGAIN_MS);
  }

  private async ask(): Promise<boolean> {
    const { api, twin, view } = this.known.settings;
    try {
      if (view) this.take(valuesOf(await call<SharedValue[]>(`${api}/shared-views/${view.id}/latest/`)));
      else this.take((await call<{ values: Values }>(`${api}/twins/${twin}/latest/`)).values);
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      return false;
    }
  }

  private take(values: Values): void {
    for (const [asset, signals] of Object.entries(values)) {
      for (const [key, reading] of Object.entries(signals)) {
        const before = this.latest.get(`${asset}/${key}`);
        if (!before || Date.parse(before[0]) <= Date.parse(reading[0])) this.latest.set(`${asset}/${key}`, reading);
      }
    }
    this.news(values);
  }

  /** The stretch that ends now, as far as a customer's view has it. */
  private stretch(length: number): Stretch {
    const { view } = this.known.settings;
    const now = Date.now();
    const end = Math.min(now, view?.end ? Date.parse(view.end) : now);
    return [Math.max(end - length, view ? Date.parse(view.start) : 0), end];
  }

  /** Draws the newest history into a chart. */
  async draw(plot: Plot, signals: TileSignal[], seconds: number, off: AbortSignal): Promise<void> {
    const stretch = this.stretch(seconds * 1000);
    if (!signals.length || stretch[1] <= stretch[0]) return;
    try {
      const places = signals.map(({ place }) => place);
      plot.show(await load(this.known.source, places, stretch, STEPS, off), stretch);
    } catch (error) {
      // The chart keeps what it shows; the connection's state is told above, and it is asked again soon.
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    }
  }
}

/** The alarms of some assets that were active in the last so many seconds; none where they are not to be seen. */
export async function alarmsOf(known: Known, assets: string[], seconds: number): Promise<AlarmSpan[]> {
  const { api, twin, alarms, view } = known.settings;
  if (!alarms || view || !assets.length) return [];
  const now = Date.now();
  try {
    const of = { api, twin, page: alarms };
    return (await loadSpans(of, assets, [now - seconds * 1000, now], new AbortController().signal)).spans;
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    return [];
  }
}

function valuesOf(rows: SharedValue[]): Values {
  const values: Values = {};
  for (const { asset, key, at, value, quality } of rows) {
    if (at !== null && value !== null) (values[asset] ??= {})[key] = [at, value, quality];
  }
  return values;
}
