/** A dashboard on its page. */
import { announce, icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { onTheme } from "../common/theme.ts";
import { uuid7 } from "../common/uuid7.ts";
import { connectionLook } from "../live/tools.ts";
import { Board } from "../tiles/board.ts";
import { Pace } from "../tiles/pace.ts";
import { added, changed, placed, removed, Steps, type Document, type Kind, type Widget } from "./document.ts";
import { alarmsOf, Feed } from "./feed.ts";
import { frameOf, lay, titleOf, type Arranging, type Frame } from "./grid.ts";
import { Known, type Configuration } from "./known.ts";
import { panelOf } from "./panel.ts";
import { Saving } from "./saving.ts";
import { assetChoice, conflictDialog, saveMark, tools } from "./tools.ts";
import { shownOf, type Shown } from "./widgets.ts";

const CHARTS_MS = 10_000;

interface Piece {
  frame: Frame;
  shown: Shown;
  off: AbortController;
  key: string;
}

export class DashboardPage {
  private readonly place: HTMLElement;
  private readonly known: Known;
  private readonly steps: Steps;
  private readonly saving: Saving;
  private readonly feed: Feed;
  private board: Board;
  private readonly bar = document.createElement("div");
  private readonly connection = document.createElement("span");
  private readonly grid = document.createElement("div");
  private readonly side = document.createElement("div");
  private readonly pieces = new Map<string, Piece>();
  private readonly pace = new Pace<Piece>((pieces) => {
    const now = Date.now();
    for (const { shown } of pieces) shown.update?.(this.feed.latest, now);
  });
  private isArranging: boolean;
  private chosen = "";

  constructor(place: HTMLElement, settings: Configuration) {
    const words = new URLSearchParams(location.search);
    this.place = place;
    this.known = new Known(settings, words.get("asset") ?? "");
    this.steps = new Steps(settings.document);
    this.isArranging = settings.can_edit && words.has("edit");
    this.saving = new Saving(`${settings.api}/dashboards/${settings.id}/`, settings.name, settings.revision, () => {
      this.showBar();
      this.askAboutConflict();
    });
    this.feed = new Feed(
      this.known,
      (values) => {
        this.board.take(values);
        for (const piece of this.pieces.values()) this.pace.touch(piece);
      },
      () => {
        this.showConnection();
      },
    );
    this.board = this.newBoard();
    if (words.has("wall")) document.documentElement.dataset.wall = "";
  }

  start(): void {
    this.grid.className = "dashboard-grid";
    this.bar.className = "dashboard-bar";
    this.side.className = "dashboard-side";
    const [area, keys] = [document.createElement("div"), document.createElement("p")];
    area.className = "dashboard-area";
    area.append(this.grid, this.side);
    keys.id = "dashboard-keys";
    keys.className = "visually-hidden";
    keys.textContent = gettext(
      "Arrows move it, Shift and arrows resize it, Enter opens its settings, Delete takes it away.",
    );
    this.place.replaceChildren(this.bar, area, keys);
    document.addEventListener("keydown", (event) => {
      if (this.onKey(event)) event.preventDefault();
    });
    this.show();
    this.feed.start();
    setInterval(() => {
      if (document.hidden) return;
      this.board.tick();
      for (const piece of this.pieces.values()) this.pace.touch(piece);
      if (this.feed.state.kind !== "open") this.showConnection();
    }, 1000);
    setInterval(() => {
      if (!document.hidden) this.drawCharts();
    }, CHARTS_MS);
    onTheme(() => {
      for (const { shown } of this.pieces.values()) shown.plot?.recolour();
    });
    addEventListener("beforeunload", (event) => {
      if (this.saving.state.kind !== "saved") event.preventDefault();
    });
  }

  private newBoard(): Board {
    return new Board(this.known.source);
  }

  private show(): void {
    this.showBar();
    this.showGrid();
    this.showPanel();
  }

  private showBar(): void {
    const { settings } = this.known;
    const hadFocus = this.bar.contains(document.activeElement) ? document.activeElement?.id : undefined;
    this.bar.replaceChildren(
      this.connection,
      ...assetChoice(this.known, this.steps.now, (asset) => {
        this.known.chosen = asset;
        this.say("asset", asset);
        this.rebuild();
      }),
      ...(this.isArranging ? [saveMark(this.saving.state)] : []),
      ...tools(settings.can_edit, this.isArranging, this.steps, {
        arrange: () => {
          this.isArranging = !this.isArranging;
          this.chosen = "";
          this.say("edit", this.isArranging ? "1" : "");
          this.rebuild();
        },
        add: (kind) => {
          this.add(kind);
        },
        undo: () => {
          this.steps.undo();
          this.went();
        },
        redo: () => {
          this.steps.redo();
          this.went();
        },
        wall: () => {
          this.wall();
        },
      }),
    );
    if (hadFocus) document.getElementById(hadFocus)?.focus();
    this.showConnection();
  }

  private say(name: string, value: string): void {
    const words = new URLSearchParams(location.search);
    if (value) words.set(name, value);
    else words.delete(name);
    const text = words.toString();
    history.replaceState(null, "", text ? `?${text}` : location.pathname);
  }

  private showConnection(): void {
    const [words, name, tone] = connectionLook(this.feed.state, Date.now(), navigator.onLine);
    this.connection.className = `state state-${tone}`;
    const text = document.createElement("span");
    text.textContent = words;
    this.connection.replaceChildren(icon(name), text);
  }

  private wall(): void {
    const root = document.documentElement;
    const isWall = root.dataset.wall === undefined;
    if (isWall) root.dataset.wall = "";
    else delete root.dataset.wall;
    this.say("wall", isWall ? "1" : "");
    if (isWall) void root.requestFullscreen().catch(() => undefined);
    else if (document.fullscreenElement) void document.exitFullscreen();
    this.showBar();
  }

  private add(kind: Kind): void {
    const id = uuid7();
    this.steps.go(added(this.steps.now, kind, id));
    this.chosen = id;
    this.went();
    this.pieces.get(id)?.frame.element.scrollIntoView({ block: "nearest" });
    announce(gettext("Added. Choose what it shows."));
  }

  /** After a change of the document: show it and save it. */
  private went(): void {
    this.saving.save(this.steps.now);
    this.show();
  }

  private readonly arranging: Arranging = {
    move: (id, to) => {
      this.steps.go(placed(this.steps.now, id, to));
      this.went();
      const widget = this.steps.now.widgets.find((each) => each.id === id);
      if (widget) {
        const { x, y, width, height } = widget;
        announce(gettext("Column {x}, row {y}, {width} by {height}", { x: x + 1, y: y + 1, width, height }));
      }
    },
    choose: (id) => {
      this.chosen = id;
      this.showPanel();
      this.side.querySelector<HTMLElement>("input")?.focus();
    },
    remove: (id) => {
      this.steps.go(removed(this.steps.now, id));
      if (this.chosen === id) this.chosen = "";
      this.went();
      announce(gettext("Taken away. Undo brings it back."));
    },
  };

  private rebuild(): void {
    for (const piece of this.pieces.values()) this.drop(piece);
    this.pieces.clear();
    this.board.close();
    this.board = this.newBoard();
    this.show();
  }

  private drop({ frame, shown, off }: Piece): void {
    off.abort();
    shown.plot?.remove();
    for (const tile of shown.tiles ?? []) this.board.drop(tile);
    frame.element.remove();
  }

  /** Brings the grid up to date; a widget that shows the same stays as it is. */
  private showGrid(): void {
    const { widgets } = this.steps.now;
    this.grid.classList.toggle("is-arranging", this.isArranging);
    let isNew = false;
    for (const [id, piece] of this.pieces) {
      const widget = widgets.find((each) => each.id === id);
      if (widget && contentOf(widget) === piece.key) continue;
      this.drop(piece);
      this.pieces.delete(id);
    }
    for (const widget of widgets) {
      const piece = this.pieces.get(widget.id);
      if (piece) {
        piece.frame.widget = widget;
        lay(piece.frame.element, widget);
        continue;
      }
      this.pieces.set(widget.id, this.newPiece(widget));
      isNew = true;
    }
    this.putInOrder(widgets);
    this.grid.toggleAttribute("data-empty", !widgets.length);
    if (!widgets.length) this.grid.dataset.empty = this.emptyWords();
    if (!isNew) return;
    void this.board.loadPast();
    this.drawCharts();
  }

  /** In the order of reading, which is also that of a phone and of Tab; what has the focus keeps it. */
  private putInOrder(widgets: Widget[]): void {
    const order = [...widgets].sort((one, other) => one.y - other.y || one.x - other.x);
    const wanted = order.map(({ id }) => this.pieces.get(id)?.frame.element).filter((each) => each !== undefined);
    if (wanted.every((element, index) => this.grid.children[index] === element)) return;
    const focused = document.activeElement;
    this.grid.append(...wanted);
    if (focused instanceof HTMLElement && this.grid.contains(focused)) focused.focus();
  }

  private emptyWords(): string {
    return this.isArranging
      ? gettext("Nothing here yet. Add a widget above.")
      : gettext("This dashboard is empty. Arrange it to add a widget.");
  }

  private newPiece(widget: Widget): Piece {
    const frame = frameOf(widget, this.isArranging ? this.arranging : null);
    const shown = shownOf(widget, this.known.signalsOf(widget));
    frame.body.append(shown.element);
    for (const tile of shown.tiles ?? []) {
      const latest = this.feed.latest.get(tile.signal.place);
      if (latest) tile.recent.take(...latest);
      this.board.add(tile);
    }
    const piece = { frame, shown, off: new AbortController(), key: contentOf(widget) };
    this.pace.touch(piece);
    return piece;
  }

  private drawCharts(): void {
    for (const { frame, shown, off } of this.pieces.values()) {
      if (!shown.plot) continue;
      const { widget } = frame;
      void this.feed.draw(shown.plot, this.known.signalsOf(widget), widget.range_s ?? 3600, off.signal);
    }
    void this.drawAlarms();
  }

  /** The alarms of all charts, asked for at once. */
  private async drawAlarms(): Promise<void> {
    const charts = [...this.pieces.values()].filter(({ shown }) => shown.plot);
    const places = charts.flatMap(({ frame }) => this.known.signalsOf(frame.widget).map(({ place }) => place));
    const longest = Math.max(0, ...charts.map(({ frame }) => frame.widget.range_s ?? 3600));
    const spans = await alarmsOf(
      this.known,
      places.map((place) => place.slice(0, 36)),
      longest,
    );
    for (const { shown } of charts) shown.plot?.showAlarms(spans, this.known.settings.alarms ?? "");
  }

  private showPanel(): void {
    const widget = this.steps.now.widgets.find(({ id }) => id === this.chosen);
    this.side.hidden = !this.isArranging || !widget;
    if (this.side.hidden || !widget) {
      this.side.replaceChildren();
      this.side.dataset.of = "";
      return;
    }
    // While somebody writes in it, the form is not made anew.
    if (this.side.dataset.of === widget.id && this.side.contains(document.activeElement)) return;
    this.side.dataset.of = widget.id;
    this.side.replaceChildren(
      panelOf(
        widget,
        this.known,
        this.steps.now,
        (to) => {
          this.steps.go(changed(this.steps.now, widget.id, to));
          this.went();
        },
        () => {
          this.chosen = "";
          this.showPanel();
          this.pieces.get(widget.id)?.frame.element.querySelector<HTMLElement>(".widget-handle")?.focus();
        },
      ),
    );
  }

  private askAboutConflict(): void {
    const { state } = this.saving;
    if (state.kind !== "conflict") return;
    conflictDialog(state.theirs, {
      ours: () => {
        this.saving.keepOurs();
      },
      theirs: (document: Document) => {
        this.saving.takeTheirs();
        this.steps.go({ ...document, widgets: document.widgets });
        this.rebuild();
      },
    });
  }

  private onKey(event: KeyboardEvent): boolean {
    if (!this.isArranging || event.target instanceof HTMLInputElement) return false;
    if (event.target instanceof HTMLTextAreaElement || !(event.ctrlKey || event.metaKey)) return false;
    if (event.key.toLowerCase() !== "z") return false;
    if (event.shiftKey) this.steps.redo();
    else this.steps.undo();
    this.went();
    return true;
  }
}

/** What a widget shows, without where it lies. */
function contentOf(widget: Widget): string {
  const { x: _x, y: _y, width: _width, height: _height, ...content } = widget;
  return JSON.stringify({ ...content, title: titleOf(widget) });
}
