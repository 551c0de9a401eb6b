/** The explorer: what is looked at, loaded and drawn; all of it in the address. */
import { RefusedError, UnreachableError } from "../common/api.ts";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { addressOf, HOUR, panned, viewOf, zoomed, type View } from "./address.ts";
import { Alarms } from "./alarms.ts";
import { Chart, type Trace } from "./chart.ts";
import { chosenMarks, signalChoice, type Choosable } from "./choice.ts";
import { before } from "./clock.ts";
import { lineOf, load, type Answer, type Stretch } from "./data.ts";
import { Notes } from "./notes.ts";
import { tableOf } from "./table.ts";
import { toolbar } from "./toolbar.ts";

/** What the page's template says (`history_config`). */
export interface Configuration {
  api: string;
  twin: string;
  assets: { id: string; name: string; type: string }[];
  /** By type. */
  signals: Record<string, { key: string; name: string; unit: string }[]>;
  usual: string[];
  /** Where the alarms are, for those who may see them. */
  alarms?: string;
}

const SETTLED_MS = 180;
const NEWS_MS = 30_000;

export class Explorer {
  private readonly settings: Configuration;
  private readonly all: Choosable[];
  private readonly byPlace: Map<string, Choosable>;
  private readonly chart: Chart;
  private readonly notes: Notes;
  private readonly alarms: Alarms | null;
  private readonly place: HTMLElement;
  private readonly frame = document.createElement("div");
  private readonly plot = document.createElement("div");
  private readonly marks = document.createElement("div");
  private readonly told = document.createElement("p");
  private readonly tableFrame = document.createElement("div");
  private readonly tools: ReturnType<typeof toolbar>;
  private view: View;
  private forward = "";
  private traces: Trace[] = [];
  private pending: ReturnType<typeof setTimeout> | undefined;
  private off: AbortController | null = null;

  constructor(place: HTMLElement, settings: Configuration) {
    [this.place, this.settings] = [place, settings];
    this.all = settings.assets.flatMap((asset) =>
      (settings.signals[asset.type] ?? []).map(({ key, name, unit }) => ({
        place: `${asset.id}/${key}`,
        asset: asset.name,
        name,
        unit,
      })),
    );
    this.byPlace = new Map(this.all.map((one) => [one.place, one]));
    this.view = viewOf(new URLSearchParams(location.search), settings.usual, Date.now());
    this.chart = new Chart(this.plot, (stretch) => {
      this.look(stretch);
    });
    this.notes = new Notes(settings.api, settings.twin, () => void this.draw());
    const { api, twin, alarms } = settings;
    this.alarms = alarms ? new Alarms({ api, twin, page: alarms }, () => void this.draw()) : null;
    this.tools = toolbar({
      api: settings.api,
      choice: signalChoice(this.all, () => this.view.signals, this.toggle.bind(this)),
      view: () => this.view,
      change: this.change.bind(this),
      png: () => this.chart.png(),
    });
  }

  start(): void {
    this.frame.className = "history-frame is-new";
    this.frame.tabIndex = 0;
    this.frame.setAttribute("role", "group");
    this.frame.setAttribute("aria-label", gettext("Chart"));
    this.frame.setAttribute("aria-describedby", "history-keys");
    this.plot.className = "history-plot";
    this.plot.setAttribute("aria-hidden", "true");
    this.frame.append(this.plot);
    this.frame.addEventListener("keydown", (event) => {
      if (this.onKey(event.key)) event.preventDefault();
    });
    this.marks.className = "history-signals";
    this.told.setAttribute("role", "status");
    this.told.className = "history-told";
    const keys = document.createElement("p");
    keys.id = "history-keys";
    keys.className = "form-hint";
    keys.textContent = gettext(
      "Drag or scroll to look closer. Keys: left and right move, plus and minus zoom, up and down choose the next signal, Home goes to now, A goes to the alarms.",
    );
    this.place.replaceChildren(
      this.tools.element,
      this.marks,
      this.frame,
      this.told,
      keys,
      this.tableFrame,
      ...(this.alarms ? [this.alarms.element] : []),
      this.notes.element,
    );
    addEventListener("popstate", () => {
      this.view = viewOf(new URLSearchParams(location.search), this.settings.usual, Date.now());
      this.refresh(0);
    });
    setInterval(() => {
      if (!document.hidden && this.view.span !== null) this.change({});
    }, NEWS_MS);
    this.refresh(0);
  }

  private toggle(place: string): void {
    const { signals } = this.view;
    this.change({ signals: signals.includes(place) ? signals.filter((one) => one !== place) : [...signals, place] });
  }

  /** Looks at another stretch, which then stays. */
  private look([from, to]: Stretch): void {
    this.change({ span: null, stretch: [Math.round(from), Math.max(Math.round(to), Math.round(from) + 1000)] });
  }

  private change(what: Partial<View>): void {
    this.view = { ...this.view, ...what };
    if (this.view.span !== null) this.view.stretch = [Date.now() - this.view.span, Date.now()];
    history.replaceState(null, "", addressOf(this.view));
    this.refresh(SETTLED_MS);
  }

  /** Shows at once what is there, and loads what is wanted when nothing changed for a moment. */
  private refresh(settled: number): void {
    clearTimeout(this.pending);
    this.off?.abort();
    this.tools.show();
    this.notes.about(this.view.stretch);
    this.showMarks();
    this.frame.setAttribute("aria-busy", "true");
    this.pending = setTimeout(() => void this.load(), settled);
    if (this.traces.length) void this.draw();
  }

  private showMarks(): void {
    const chosen = this.view.signals.map((place) => this.known(place));
    if (!this.view.signals.includes(this.forward)) this.forward = "";
    this.marks.replaceChildren(
      ...chosenMarks(chosen, this.forward, {
        away: this.toggle.bind(this),
        forward: (place) => {
          this.bring(place === this.forward ? "" : place);
        },
      }),
    );
  }

  private known(place: string): Choosable {
    return (
      this.byPlace.get(place) ?? { place, asset: gettext("Unknown asset"), name: place.split("/")[1] ?? "", unit: "" }
    );
  }

  private async load(): Promise<void> {
    const { signals, stretch, past } = this.view;
    const off = new AbortController();
    this.off = off;
    const number = Math.min(2000, Math.max(200, Math.round(this.frame.clientWidth)));
    const earlier: Stretch = [before(stretch[0], past), before(stretch[1], past)];
    try {
      const asked = signals.length ? [load(this.settings.api, signals, stretch, number, off.signal)] : [];
      if (past && signals.length) asked.push(load(this.settings.api, signals, earlier, number, off.signal));
      const [now, then] = await Promise.all(asked);
      if (off.signal.aborted) return;
      this.traces = [...this.tracesOf(then, past), ...this.tracesOf(now, 0)];
      await this.draw();
      this.tell();
    } catch (error) {
      if (off.signal.aborted) return;
      this.traces = error instanceof RefusedError ? [] : this.traces;
      this.fail(error);
    }
    this.frame.removeAttribute("aria-busy");
    this.frame.classList.remove("is-new");
    void this.notes.load(stretch);
    const assets = signals.map((place) => place.slice(0, 36));
    void this.alarms?.load(assets, stretch, off.signal);
  }

  private tracesOf(answer: Answer | undefined, shift: number): Trace[] {
    return (answer?.signals ?? []).map((signal) => {
      const place = `${signal.asset}/${signal.key}`;
      const { asset, name, unit } = this.known(place);
      const label = `${asset} · ${name}`;
      return {
        label: shift ? gettext("{signal}, before", { signal: label }) : label,
        unit: unit || signal.unit,
        line: lineOf(signal, (moment) => before(moment, -shift)),
        place: this.view.signals.indexOf(place),
        isPast: shift > 0,
        isChosen: place === this.forward,
      };
    });
  }

  private async draw(): Promise<void> {
    const notes = this.notes.notes.map(({ start, end }, index) => ({
      start: Date.parse(start),
      end: end === null ? null : Date.parse(end),
      label: String(index + 1),
    }));
    this.tableFrame.replaceChildren(...(this.view.isTable ? [tableOf(this.traces)] : []));
    await this.chart.show({
      traces: this.traces,
      marks: notes,
      alarms: this.alarms?.spans ?? [],
      stretch: this.view.stretch,
    });
  }

  private tell(): void {
    const number = this.traces.reduce((sum, { line }) => sum + line.counts.reduce((all, count) => all + count, 0), 0);
    const silent = this.traces.filter(({ line }) => !line.times.length).map(({ label }) => label);
    this.told.textContent = !this.view.signals.length
      ? gettext("No signal is chosen. Choose one under Signals.")
      : number
        ? silent.length
          ? gettext("Nothing in this time: {names}", { names: silent.join(", ") })
          : ""
        : gettext("There is no reading in this time. Choose a longer or another one.");
  }

  private fail(error: unknown): void {
    if (error instanceof RefusedError) {
      this.told.textContent = [error.message, error.problem.fix].filter(Boolean).join(". ");
      void this.draw();
    } else if (error instanceof UnreachableError) {
      this.told.textContent = gettext("The server could not be reached. The chart shows what was loaded before.");
    } else throw error;
  }

  private onKey(key: string): boolean {
    const { stretch } = this.view;
    switch (key) {
      case "ArrowLeft":
      case "ArrowRight":
        this.look(panned(stretch, key === "ArrowLeft" ? -0.25 : 0.25));
        return true;
      case "+":
      case "=":
        this.look(zoomed(stretch, 0.5));
        return true;
      case "-":
        this.look(zoomed(stretch, 2));
        return true;
      case "ArrowUp":
      case "ArrowDown":
        this.next(key === "ArrowDown" ? 1 : -1);
        return true;
      case "Home":
        this.change({ span: Math.max(stretch[1] - stretch[0], HOUR / 60) });
        return true;
      case "a":
      case "A":
        return this.alarms?.enter() ?? false;
      default:
        return false;
    }
  }

  private next(step: number): void {
    const { signals } = this.view;
    const index = signals.indexOf(this.forward);
    const following = signals[(index + step + signals.length + (index < 0 && step < 0 ? 1 : 0)) % signals.length];
    if (following) this.bring(following);
  }

  private bring(place: string): void {
    this.forward = place;
    const wanted = this.view.signals.indexOf(place);
    for (const trace of this.traces) trace.isChosen = trace.place === wanted;
    this.showMarks();
    void this.draw();
    const trace = this.traces.find((each) => each.isChosen && !each.isPast);
    if (!trace) return;
    const lows = trace.line.low.filter((value) => value !== null);
    const highs = trace.line.high.filter((value) => value !== null);
    const bounds = { low: Math.min(...lows), high: Math.max(...highs), unit: trace.unit, name: trace.label };
    announce(
      lows.length
        ? gettext("{name}: {low} to {high} {unit}", bounds)
        : gettext("{name}: no reading in this time", bounds),
    );
  }
}
