/** What stands above the table: the connection, the search, the choice of columns; all of the choices in the address. */
import { icon } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { lookOf, type Signal, type Status } from "./fleet.ts";
import type { SocketState } from "./socket.ts";

/** What a person chose to see. */
export interface View {
  words: string;
  status: string;
  columns: string[];
  trend: string;
  /** The asset whose signals are shown as tiles; empty for none. */
  tiles: string;
}

const STATUSES: Status[] = ["connected", "warning", "late", "unknown"];

/** The view that the address asks for; what it leaves open is as in `usual`. */
export function viewOf(address: URLSearchParams, usual: View): View {
  return {
    words: address.get("q") ?? usual.words,
    status: address.get("state") ?? usual.status,
    columns: address.get("columns")?.split(",").filter(Boolean) ?? usual.columns,
    trend: address.get("trend") ?? usual.trend,
    tiles: address.get("tiles") ?? usual.tiles,
  };
}

/** The view as an address that shows others the same; what is as usual is left out. */
export function addressOf(view: View, usual: View): string {
  const address = new URLSearchParams();
  if (view.words) address.set("q", view.words);
  if (view.status) address.set("state", view.status);
  if (view.columns.join() !== usual.columns.join()) address.set("columns", view.columns.join());
  if (view.trend !== usual.trend) address.set("trend", view.trend);
  if (view.tiles) address.set("tiles", view.tiles);
  const text = address.toString();
  return text ? `?${text}` : location.pathname;
}

/** The words for the state of the connection, its icon and its tone. */
export function connectionLook(state: SocketState, now: number, online: boolean): [string, string, string] {
  if (!online) return [gettext("Offline – values as last seen"), "wifi-off", "warning"];
  if (state.kind === "open") return [gettext("Live"), "activity", "good"];
  if (state.kind === "connecting") return [gettext("Connecting…"), "loader-2", "quiet"];
  const seconds = Math.max(1, Math.ceil((state.until - now) / 1000));
  return [ngettext("Reconnecting in {count} s", "Reconnecting in {count} s", seconds), "refresh", "warning"];
}

function labelled(words: string, control: HTMLElement): HTMLElement {
  control.setAttribute("aria-label", words);
  return control;
}

function select(
  words: string,
  options: [string, string][],
  chosen: string,
  change: (value: string) => void,
): HTMLElement {
  const made = document.createElement("select");
  made.className = "form-select";
  for (const [value, text] of options) made.add(new Option(text, value, false, value === chosen));
  made.addEventListener("change", () => {
    change(made.value);
  });
  return labelled(words, made);
}

function columnChoice(signals: Signal[], view: View, change: () => void): HTMLElement {
  const details = document.createElement("details");
  details.className = "column-choice";
  const summary = document.createElement("summary");
  summary.className = "btn";
  summary.append(icon("columns-3"), gettext("Columns"));
  const list = document.createElement("div");
  list.className = "column-list";
  for (const signal of signals) {
    const label = document.createElement("label");
    label.className = "form-check";
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "form-check-input";
    box.checked = view.columns.includes(signal.key);
    box.addEventListener("change", () => {
      const chosen = new Set(view.columns);
      if (box.checked) chosen.add(signal.key);
      else chosen.delete(signal.key);
      // In the order of the signals, however they were ticked.
      view.columns = signals.map(({ key }) => key).filter((key) => chosen.has(key));
      change();
    });
    label.append(box, ` ${signal.name}`);
    list.append(label);
  }
  details.append(summary, list);
  document.addEventListener("click", (event) => {
    if (!details.contains(event.target as Node)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    details.open = false;
    summary.focus();
  });
  return details;
}

/** The tools, which change `view` in place and then call the one change that it needs. */
export function tools(signals: Signal[], view: View, changes: { rows: () => void; columns: () => void }): HTMLElement {
  const bar = document.createElement("div");
  bar.className = "live-tools";
  const search = document.createElement("input");
  search.type = "search";
  search.className = "form-control";
  search.placeholder = gettext("Find an asset…");
  search.value = view.words;
  search.addEventListener("input", () => {
    view.words = search.value;
    changes.rows();
  });
  const states: [string, string][] = STATUSES.map((status) => [status, lookOf(status)[0]]);
  bar.append(
    labelled(gettext("Find an asset"), search),
    select(gettext("State"), [["", gettext("All states")], ...states], view.status, (value) => {
      view.status = value;
      changes.rows();
    }),
    select(
      gettext("Trend of"),
      signals.map(({ key, name }) => [key, gettext("Trend: {name}", { name })]),
      view.trend,
      (value) => {
        view.trend = value;
        changes.columns();
      },
    ),
    columnChoice(signals, view, changes.columns),
  );
  return bar;
}

/** How many assets are in which state, as one line of marks. */
export function summary(counts: Map<Status, number>): HTMLElement[] {
  return STATUSES.filter((status) => counts.get(status)).map((status) => {
    const [word, name, tone] = lookOf(status);
    const mark = document.createElement("span");
    mark.className = `state state-${tone}`;
    const words = document.createElement("span");
    words.textContent = `${counts.get(status) ?? 0} ${word.toLocaleLowerCase()}`;
    mark.append(icon(name), words);
    return mark;
  });
}
