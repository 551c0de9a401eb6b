/** What stands above the chart: the time, the comparison, the table, and what to take along. */
import { announce, icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { DAY, HOUR, type View } from "./address.ts";
import { closesItself } from "./choice.ts";
import { Files } from "./files.ts";
import { forField } from "./notes.ts";

interface Wiring {
  api: string;
  choice: HTMLElement;
  view: () => View;
  change: (what: Partial<View>) => void;
  png: () => Promise<Blob>;
}

function spans(): [number, string][] {
  return [
    [15 * 60_000, gettext("15 minutes")],
    [HOUR, gettext("1 hour")],
    [6 * HOUR, gettext("6 hours")],
    [DAY, gettext("1 day")],
    [7 * DAY, gettext("7 days")],
    [30 * DAY, gettext("30 days")],
    [365 * DAY, gettext("1 year")],
  ];
}

function pasts(): [number, string][] {
  return [
    [0, gettext("Compare with…")],
    [DAY, gettext("The day before")],
    [7 * DAY, gettext("The week before")],
    [28 * DAY, gettext("Four weeks before")],
    [364 * DAY, gettext("52 weeks before")],
  ];
}

function select(words: string, change: (value: number) => void): HTMLSelectElement {
  const made = document.createElement("select");
  made.className = "form-select";
  made.setAttribute("aria-label", words);
  made.addEventListener("change", () => {
    change(Number(made.value));
  });
  return made;
}

function fill(place: HTMLSelectElement, options: [number, string][], chosen: number, other: string): void {
  const known = options.some(([value]) => value === chosen);
  const all: [number, string][] = known ? options : [...options, [chosen, other]];
  place.replaceChildren(...all.map(([value, text]) => new Option(text, String(value), false, value === chosen)));
}

function moment(words: string): [HTMLLabelElement, HTMLInputElement] {
  const [label, text, made] = [
    document.createElement("label"),
    document.createElement("span"),
    document.createElement("input"),
  ];
  text.textContent = words;
  made.type = "datetime-local";
  made.step = "1";
  made.required = true;
  made.className = "form-control";
  label.append(text, made);
  return [label, made];
}

function panel(name: string, words: string): [HTMLDetailsElement, HTMLElement] {
  const [details, summary, inside] = [
    document.createElement("details"),
    document.createElement("summary"),
    document.createElement("div"),
  ];
  details.className = "history-choice";
  summary.className = "btn";
  summary.append(icon(name), words);
  details.append(summary, inside);
  closesItself(details, summary);
  return [details, inside];
}

/** Saves a file of the page's own making. */
function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}

function dates({ view, change }: Wiring): [HTMLElement, () => void] {
  const [details, inside] = panel("calendar", gettext("Dates"));
  const form = document.createElement("form");
  const [[fromLabel, from], [toLabel, to]] = [moment(gettext("From")), moment(gettext("Until"))];
  const button = document.createElement("button");
  button.className = "btn btn-primary mt-2";
  button.textContent = gettext("Show");
  form.append(fromLabel, toLabel, button);
  inside.append(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [start, end] = [new Date(from.value).getTime(), new Date(to.value).getTime()];
    to.setCustomValidity(start < end ? "" : gettext("The end must be after the start."));
    if (!form.reportValidity()) return;
    change({ span: null, stretch: [start, end] });
    details.open = false;
  });
  to.addEventListener("input", () => {
    to.setCustomValidity("");
  });
  const show = (): void => {
    if (details.open) return;
    [from.value, to.value] = view().stretch.map(forField) as [string, string];
  };
  return [details, show];
}

function files(wiring: Wiring): [HTMLElement, () => void] {
  const [details, inside] = panel("download", gettext("Take along"));
  const written = new Files(wiring.api);
  const buttons = (["csv", "parquet"] as const).map((file) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn w-100 mb-2";
    button.textContent = file === "csv" ? gettext("Readings as CSV") : gettext("Readings as Parquet");
    button.addEventListener("click", () => {
      const { signals, stretch } = wiring.view();
      void written.ask(file, signals, stretch);
    });
    return button;
  });
  const picture = document.createElement("button");
  picture.type = "button";
  picture.className = "btn w-100";
  picture.textContent = gettext("Chart as PNG");
  picture.addEventListener("click", () => {
    void wiring.png().then((blob) => {
      save(blob, "history.png");
      announce(gettext("The picture was saved."));
    });
  });
  inside.append(...buttons, picture, written.element);
  const show = (): void => {
    for (const button of buttons) button.disabled = !wiring.view().signals.length;
  };
  return [details, show];
}

/** The tools, and what brings them up to date with the view. */
export function toolbar(wiring: Wiring): { element: HTMLElement; show: () => void } {
  const element = document.createElement("div");
  element.className = "history-tools";
  const span = select(gettext("Time"), (value) => {
    if (value) wiring.change({ span: value });
  });
  const past = select(gettext("Compare with an earlier period"), (value) => {
    wiring.change({ past: value });
  });
  const table = document.createElement("button");
  table.type = "button";
  table.className = "btn";
  table.append(icon("table"), gettext("Table"));
  table.addEventListener("click", () => {
    wiring.change({ isTable: !wiring.view().isTable });
  });
  const [[dated, showDates], [taken, showFiles]] = [dates(wiring), files(wiring)];
  const spread = document.createElement("span");
  spread.className = "spread";
  element.append(wiring.choice, span, dated, past, spread, table, taken);
  const show = (): void => {
    const view = wiring.view();
    fill(span, spans(), view.span ?? 0, view.span === null ? gettext("Chosen dates") : gettext("Chosen span"));
    fill(past, pasts(), view.past, gettext("{days} days before", { days: Math.round(view.past / DAY) }));
    table.setAttribute("aria-pressed", String(view.isTable));
    showDates();
    showFiles();
  };
  return { element, show };
}
