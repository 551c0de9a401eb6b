/** The table of a fleet: a row for each asset, of which only those in sight are written to. */
import { icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { ageInWords, momentInFull } from "../common/times.ts";
import { qualityLook } from "../tiles/quality.ts";
import { formatOf, lookOf, type Fleet, type Signal, type Status } from "./fleet.ts";

type Sparkline = ReturnType<(typeof import("./sparkline.ts"))["sparkline"]>;

type Writer = (value: number) => string;

export interface Asset {
  id: string;
  name: string;
  url?: string;
}

export interface Choice {
  columns: Signal[];
  trend: Signal | undefined;
}

/** A value, and under it how old it is once it should have been followed by another. */
interface Cell {
  place: HTMLTableCellElement;
  value: HTMLElement;
  age: HTMLElement;
}

interface Row {
  asset: Asset;
  element: HTMLTableRowElement;
  status: HTMLElement;
  age: HTMLTimeElement;
  cells: Cell[];
  trend: HTMLElement;
  line: Sparkline | null;
  shown: Status | null;
  inSight: boolean;
}

const language = document.documentElement.lang || "en";

function cell(label: string, className = ""): HTMLTableCellElement {
  const made = document.createElement("td");
  made.dataset.label = label;
  made.className = className;
  return made;
}

function valueCell(label: string): Cell {
  const [place, reading] = [cell(label, "numeric value"), document.createElement("div")];
  const [value, age] = [document.createElement("span"), document.createElement("small")];
  reading.append(value, age);
  place.append(reading);
  return { place, value, age };
}

function write(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

export class FleetTable {
  readonly element = document.createElement("table");
  private readonly body = document.createElement("tbody");
  private readonly rows: Row[];
  private readonly byId = new Map<string, Row>();
  private readonly fleet: Fleet;
  private choice: Choice = { columns: [], trend: undefined };
  private writers: Writer[] = [];
  private sorted: { key: string; falling: boolean } = { key: "", falling: false };
  private dirty = new Set<Row>();
  private asked = 0;
  private readonly sight = new IntersectionObserver((entries) => {
    for (const entry of entries) this.onSight(entry);
  });

  constructor(fleet: Fleet, assets: Asset[]) {
    this.fleet = fleet;
    this.element.className = "sheet sheet-live";
    this.rows = assets.map((asset) => this.newRow(asset));
    for (const row of this.rows) {
      this.byId.set(row.asset.id, row);
      this.sight.observe(row.element);
    }
  }

  /** Draws the table anew with other columns or another trend. */
  choose(choice: Choice): void {
    this.choice = choice;
    this.writers = choice.columns.map((signal) => formatOf(signal, language));
    const caption = document.createElement("caption");
    caption.className = "visually-hidden";
    caption.textContent = gettext("Latest values of each asset");
    const head = document.createElement("thead");
    head.append(this.headRow());
    for (const row of this.rows) this.fill(row);
    this.body.replaceChildren(...this.rows.map((row) => row.element));
    this.element.replaceChildren(caption, head, this.body);
  }

  /** Marks assets whose values have changed; those in sight are written with the next frame. */
  touch(assets: Iterable<string>): void {
    for (const asset of assets) {
      const row = this.byId.get(asset);
      if (row?.inSight) this.dirty.add(row);
    }
    if (this.dirty.size) this.ask();
  }

  /** Ages and states go on by themselves. */
  tick(): void {
    this.touch(this.byId.keys());
  }

  /** Shows the rows whose asset fits, and says how many. */
  filter(fits: (asset: Asset) => boolean): number {
    let count = 0;
    for (const row of this.rows) {
      row.element.hidden = !fits(row.asset);
      if (!row.element.hidden) count += 1;
    }
    return count;
  }

  private ask(): void {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      const now = Date.now();
      for (const row of this.dirty) this.update(row, now);
      this.dirty.clear();
    });
  }

  private newRow(asset: Asset): Row {
    return {
      asset,
      element: document.createElement("tr"),
      status: document.createElement("span"),
      age: document.createElement("time"),
      cells: [],
      trend: document.createElement("div"),
      line: null,
      shown: null,
      inSight: false,
    };
  }

  private fill(row: Row): void {
    const name = document.createElement("th");
    name.scope = "row";
    const words = document.createElement(row.asset.url ? "a" : "span");
    if (words instanceof HTMLAnchorElement) words.href = row.asset.url ?? "";
    words.textContent = row.asset.name;
    name.append(words);
    const status = cell(gettext("State"));
    status.append(row.status);
    row.cells = this.choice.columns.map((signal) => valueCell(`${signal.name} ${signal.unit ?? ""}`.trim()));
    const age = cell(gettext("Last reading"));
    age.append(row.age);
    const trend = cell(gettext("Trend"), "trend");
    row.line?.remove();
    row.line = null;
    row.trend = document.createElement("div");
    row.trend.className = "sparkline";
    trend.append(row.trend);
    row.element.replaceChildren(name, status, trend, ...row.cells.map(({ place }) => place), age);
    row.shown = null;
    this.update(row, Date.now());
  }

  private update(row: Row, now: number): void {
    const { asset } = row;
    row.cells.forEach((one, index) => {
      const signal = this.choice.columns[index];
      if (signal) this.updateCell(one, asset.id, signal.key, this.writers[index], now);
    });
    this.updateStatus(row, this.fleet.status(asset.id, now));
    const seen = this.fleet.lastSeen(asset.id);
    write(row.age, seen === null ? "–" : ageInWords(seen, now));
    if (seen !== null) this.updateMoment(row.age, seen);
    if (row.inSight) void this.updateTrend(row);
  }

  private updateCell(cell: Cell, asset: string, key: string, writer: Writer | undefined, now: number): void {
    const reading = this.fleet.reading(asset, key);
    const isStale = reading !== undefined && this.fleet.isStale(asset, key, reading, now);
    write(cell.value, reading && writer ? writer(reading[1]) : "–");
    const doubt = reading?.[2] ? qualityLook(reading[2])[0] : "";
    const age = isStale ? ageInWords(Date.parse(reading[0]), now) : "";
    write(cell.age, [doubt, age].filter(Boolean).join(", "));
    cell.place.classList.toggle("odd", reading !== undefined && this.fleet.isOdd(key, reading));
    cell.place.classList.toggle("stale", isStale);
  }

  private updateMoment(age: HTMLTimeElement, seen: number): void {
    const iso = new Date(seen).toISOString();
    if (age.dateTime === iso) return;
    age.dateTime = iso;
    age.title = momentInFull(new Date(seen), language);
  }

  private updateStatus(row: Row, status: Status): void {
    if (row.shown === status) return;
    row.shown = status;
    const [word, name, tone] = lookOf(status);
    row.status.className = `state state-${tone}`;
    const words = document.createElement("span");
    words.textContent = word;
    row.status.replaceChildren(icon(name), words);
  }

  private async updateTrend(row: Row): Promise<void> {
    const signal = this.choice.trend;
    if (!signal) return;
    const past = this.fleet.pastOf(row.asset.id, signal.key);
    if (past.times.length < 2) return;
    if (row.line) {
      row.line.show(past);
      return;
    }
    const place = row.trend;
    const { sparkline } = await import("./sparkline.ts");
    // Meanwhile the row may have gone out of sight, or have been given a line or another trend.
    if (row.inSight && row.trend === place && place.childElementCount === 0) row.line = sparkline(place, past);
  }

  private onSight(entry: IntersectionObserverEntry): void {
    const row = this.rows.find((each) => each.element === entry.target);
    if (!row) return;
    row.inSight = entry.isIntersecting;
    if (row.inSight) {
      this.dirty.add(row);
      this.ask();
    } else {
      row.line?.remove();
      row.line = null;
    }
  }

  private headRow(): HTMLTableRowElement {
    const row = document.createElement("tr");
    const { columns } = this.choice;
    const past = document.createElement("th");
    past.scope = "col";
    past.textContent = gettext("Trend");
    row.append(this.head(gettext("Asset"), "name"), this.head(gettext("State"), "state"), past);
    for (const signal of columns) row.append(this.head(signal.name, signal.key, signal.unit));
    row.append(this.head(gettext("Last reading"), "age"));
    return row;
  }

  private head(label: string, key: string, unit?: string | null): HTMLTableCellElement {
    const head = document.createElement("th");
    head.scope = "col";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    if (unit !== undefined) {
      head.className = "numeric";
      const small = document.createElement("span");
      small.className = "unit";
      small.textContent = unit ?? "";
      button.append(small);
    }
    if (this.sorted.key === key) head.setAttribute("aria-sort", this.sorted.falling ? "descending" : "ascending");
    button.addEventListener("click", () => {
      this.sort(key);
    });
    head.append(button);
    return head;
  }

  private sort(key: string): void {
    const falling = this.sorted.key === key && !this.sorted.falling;
    this.sorted = { key, falling };
    const now = Date.now();
    const order = this.rows.map((row) => ({ row, by: this.sortValue(row.asset, key, now) }));
    const words = new Intl.Collator(language, { numeric: true });
    order.sort((one, other) => {
      const apart =
        typeof one.by === "number" && typeof other.by === "number"
          ? one.by - other.by
          : words.compare(String(one.by), String(other.by));
      return falling ? -apart : apart;
    });
    this.rows.splice(0, this.rows.length, ...order.map(({ row }) => row));
    this.choose(this.choice);
    this.element.querySelector<HTMLElement>("th[aria-sort] button")?.focus();
  }

  private sortValue(asset: Asset, key: string, now: number): string | number {
    if (key === "name") return asset.name;
    if (key === "state") return this.fleet.status(asset.id, now);
    if (key === "age") return this.fleet.lastSeen(asset.id) ?? 0;
    return this.fleet.reading(asset.id, key)?.[1] ?? -Infinity;
  }
}
