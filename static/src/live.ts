/** Entry point of the fleet page: the latest values of every asset of a twin, as they come. */
import "./live/live.css";
import { call, RefusedError, UnreachableError } from "./common/api.ts";
import { announce, configuration, icon } from "./common/dom.ts";
import { gettext } from "./common/gettext.ts";
import { Fleet, type Patience, type Signal, type Status, type Values } from "./live/fleet.ts";
import { LiveSocket, type SocketState } from "./live/socket.ts";
import { FleetTable, type Asset } from "./live/table.ts";
import { assetTiles } from "./live/tiles.ts";
import { addressOf, connectionLook, summary, tools, viewOf, type View } from "./live/tools.ts";

/** What the page's template says (`live_config`). */
interface Configuration {
  /** Where the API begins, such as `/t/nordwerk/api/v1`. */
  api: string;
  twin: string;
  websocket: string;
  assets: (Asset & { type: string })[];
  /** By type: the keys of its signals. */
  signals_of: Record<string, string[]>;
  signals: Signal[];
  /** Keys of the signals shown at first; none means the first few. */
  columns?: string[];
  /** By type, then by signal: seconds after which a reading is old; a signal that is not named has no rate. */
  stale_after: Record<string, Patience>;
}

const USUAL_COLUMNS = 6;
const QUIET = 10_000;

function run(place: HTMLElement): void {
  const settings = configuration("live_config") as Configuration;
  for (const asset of settings.assets) asset.url = `?tiles=${asset.id}`;
  const patience = new Map(settings.assets.map(({ id, type }) => [id, settings.stale_after[type] ?? {}]));
  const fleet = new Fleet(settings.signals, patience);
  const table = new FleetTable(fleet, settings.assets);
  const first = settings.columns?.length
    ? settings.columns
    : settings.signals.slice(0, USUAL_COLUMNS).map(({ key }) => key);
  const usual: View = { words: "", status: "", columns: first, trend: first[0] ?? "", tiles: "" };
  const view = viewOf(new URLSearchParams(location.search), usual);
  const tiles = assetTiles(settings, view.tiles);
  const signal = (key: string): Signal | undefined => settings.signals.find((each) => each.key === key);

  const [connection, counts, none] = [
    document.createElement("span"),
    document.createElement("div"),
    document.createElement("p"),
  ];
  counts.className = "live-counts";
  none.className = "live-none";
  none.textContent = gettext("No asset fits. Clear the search or choose another state.");
  let spoken = 0;
  let oddBefore = new Set<string>();

  function rows(): void {
    const now = Date.now();
    const words = view.words.trim().toLocaleLowerCase();
    const fitting = table.filter(
      (asset) =>
        asset.name.toLocaleLowerCase().includes(words) && (!view.status || fleet.status(asset.id, now) === view.status),
    );
    none.hidden = fitting > 0;
    history.replaceState(null, "", addressOf(view, usual));
  }

  function columns(): void {
    table.choose({ columns: view.columns.map(signal).filter((each) => each !== undefined), trend: signal(view.trend) });
    rows();
  }

  function showCounts(): void {
    const now = Date.now();
    const found = new Map<Status, number>();
    const odd = new Set<string>();
    for (const { id, name } of settings.assets) {
      const status = fleet.status(id, now);
      found.set(status, (found.get(status) ?? 0) + 1);
      if (status === "warning") odd.add(name);
    }
    counts.replaceChildren(...summary(found));
    const fresh = [...odd].filter((name) => !oddBefore.has(name));
    if (fresh.length && now - spoken > QUIET) {
      spoken = now;
      announce(gettext("Out of range: {names}", { names: fresh.slice(0, 5).join(", ") }));
    }
    oddBefore = odd;
  }

  function take(values: Values | undefined): void {
    if (!values) return;
    table.touch(fleet.take(values));
    tiles?.board.take(values);
  }

  async function load(): Promise<void> {
    try {
      const latest = await call<{ values: Values }>(
        `${settings.api.replace(/\/$/, "")}/twins/${settings.twin}/latest/`,
      );
      take(latest.values);
      showCounts();
      if (view.status) rows();
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      announce(gettext("The latest values could not be loaded: {reason}", { reason: error.message }));
    }
  }

  let shownKind = "";
  function showConnection(): void {
    const [words, name, tone] = connectionLook(socket.state, Date.now(), navigator.onLine);
    const kind = `${socket.state.kind} ${navigator.onLine}`;
    const text = document.createElement("span");
    text.textContent = words;
    connection.className = `state state-${tone}`;
    connection.dataset.connection = navigator.onLine ? socket.state.kind : "offline";
    connection.replaceChildren(icon(name), text);
    if (kind !== shownKind && shownKind) announce(words);
    shownKind = kind;
  }

  const address = new URL(settings.websocket, location.href);
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
    changed: (state: SocketState) => {
      showConnection();
      // What was sent while nobody listened is in the latest values.
      if (state.kind === "open") void load();
    },
    message: (data) => {
      take((data as { values?: Values }).values);
    },
  });

  const frame = document.createElement("div");
  frame.className = "sheet-frame live-frame";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", gettext("Latest values of each asset"));
  frame.append(table.element);
  const head = document.createElement("div");
  head.className = "live-head";
  head.append(connection, counts);
  columns();
  place.replaceChildren(
    head,
    ...(tiles ? [tiles.element] : []),
    tools(settings.signals, view, { rows, columns }),
    frame,
    none,
  );

  void load();
  void tiles?.board.loadPast();
  socket.connect();
  addEventListener("online", () => {
    socket.connect();
    showConnection();
  });
  addEventListener("offline", showConnection);
  setInterval(() => {
    if (document.hidden) return;
    table.tick();
    tiles?.board.tick();
    showCounts();
    if (socket.state.kind !== "open") showConnection();
  }, 1000);
}

const place = document.getElementById("live");
if (place) run(place);
