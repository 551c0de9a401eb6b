/** The form beside the grid: what the chosen widget shows. */
import { gettext } from "../common/gettext.ts";
import { fitting, type Choosable } from "../history/choice.ts";
import type { Document, Widget, WidgetSignal } from "./document.ts";
import type { Known } from "./known.ts";
import { titleOf } from "./grid.ts";

type Change = (to: { [Part in keyof Widget]?: Widget[Part] | undefined }) => void;

const RANGES: [number, () => string][] = [
  [900, () => gettext("15 minutes")],
  [3600, () => gettext("1 hour")],
  [21_600, () => gettext("6 hours")],
  [86_400, () => gettext("1 day")],
  [604_800, () => gettext("7 days")],
  [2_592_000, () => gettext("30 days")],
  [31_536_000, () => gettext("1 year")],
];

function labelled(words: string, control: HTMLElement): HTMLElement {
  const [label, text] = [document.createElement("label"), document.createElement("span")];
  [text.className, text.textContent] = ["form-label", words];
  label.append(text, control);
  return label;
}

function field(value: string, kind: "text" | "number", change: (value: string) => void): HTMLInputElement {
  const made = document.createElement("input");
  [made.type, made.className, made.value] = [kind, "form-control", value];
  if (kind === "number") made.step = "any";
  else made.maxLength = 120;
  made.addEventListener("change", () => {
    change(made.value);
  });
  return made;
}

function number(words: string, value: number | undefined, change: (value: number | undefined) => void): HTMLElement {
  return labelled(
    words,
    field(value === undefined ? "" : String(value), "number", (text) => {
      const read = Number(text);
      change(text === "" || !Number.isFinite(read) ? undefined : read);
    }),
  );
}

/** What can be chosen: with a type, the signals of "the chosen asset" first. */
function choosable(known: Known, document: Document): Choosable[] {
  const { assets, signals } = known.settings;
  const all = assets.flatMap((asset) =>
    (signals[asset.type] ?? []).map(({ key, name, unit }) => ({
      place: `${asset.id}/${key}`,
      asset: asset.name,
      name,
      unit,
    })),
  );
  const first = known.choosable(document)[0];
  const ofType = (first ? (signals[first.type] ?? []) : []).map(({ key, name, unit }) => ({
    place: `/${key}`,
    asset: gettext("The chosen asset"),
    name,
    unit,
  }));
  return [...ofType, ...all];
}

function placeOf({ asset = "", key }: WidgetSignal): string {
  return `${asset}/${key}`;
}

function signalOf(place: string): WidgetSignal {
  const [asset, key = ""] = place.split("/");
  return asset ? { asset, key } : { key };
}

function signalList(widget: Widget, all: Choosable[], change: Change): HTMLElement {
  const set = document.createElement("fieldset");
  const [legend, search, list] = [
    document.createElement("legend"),
    document.createElement("input"),
    document.createElement("div"),
  ];
  [legend.className, legend.textContent] = ["form-label", gettext("Signals")];
  [search.type, search.className, search.placeholder] = ["search", "form-control", gettext("Asset or signal…")];
  search.setAttribute("aria-label", gettext("Find a signal of any asset"));
  list.className = "panel-signals";
  const most = widget.kind === "gauge" ? 1 : 24;
  const chosen = new Set((widget.signals ?? []).map(placeOf));
  const show = (): void => {
    const ticked = all.filter(({ place }) => chosen.has(place));
    const others = fitting(all, search.value)[0].filter(({ place }) => !chosen.has(place));
    list.replaceChildren(
      ...[...ticked, ...others].slice(0, 60).map((one) => {
        const [label, box] = [document.createElement("label"), document.createElement("input")];
        label.className = "form-check";
        [box.type, box.className] = [most === 1 ? "radio" : "checkbox", "form-check-input"];
        box.name = "panel-signal";
        box.checked = chosen.has(one.place);
        box.disabled = !box.checked && most > 1 && chosen.size >= most;
        box.addEventListener("change", () => {
          if (most === 1) chosen.clear();
          if (box.checked) chosen.add(one.place);
          else chosen.delete(one.place);
          change({ signals: [...chosen].map(signalOf) });
        });
        label.append(box, ` ${one.asset} · ${one.name}`);
        return label;
      }),
    );
  };
  search.addEventListener("input", show);
  show();
  set.append(legend, search, list);
  return set;
}

function rangeChoice(widget: Widget, change: Change): HTMLElement {
  const select = document.createElement("select");
  select.className = "form-select";
  const now = widget.range_s ?? 3600;
  for (const [value, words] of RANGES) select.add(new Option(words(), String(value), false, value === now));
  select.addEventListener("change", () => {
    change({ range_s: Number(select.value) });
  });
  return labelled(gettext("Time"), select);
}

function text(widget: Widget, change: Change): HTMLElement {
  const area = document.createElement("textarea");
  [area.className, area.rows, area.maxLength, area.value] = ["form-control", 6, 4000, widget.text ?? ""];
  area.addEventListener("change", () => {
    change({ text: area.value });
  });
  return labelled(gettext("Text"), area);
}

/** The form of a widget. */
export function panelOf(widget: Widget, known: Known, shown: Document, change: Change, close: () => void): HTMLElement {
  const panel = document.createElement("aside");
  const [head, done] = [document.createElement("h2"), document.createElement("button")];
  panel.className = "dashboard-panel";
  panel.setAttribute("aria-label", titleOf(widget));
  head.textContent = titleOf(widget);
  [done.type, done.className, done.textContent] = ["button", "btn", gettext("Close")];
  done.addEventListener("click", close);
  panel.append(
    head,
    labelled(
      gettext("Title"),
      field(widget.title ?? "", "text", (value) => {
        change({ title: value.trim() || undefined });
      }),
    ),
  );
  if (widget.kind === "text") panel.append(text(widget, change));
  else panel.append(signalList(widget, choosable(known, shown), change));
  if (widget.kind === "chart") panel.append(rangeChoice(widget, change));
  if (widget.kind === "gauge" || widget.kind === "bars") {
    panel.append(
      number(gettext("Scale from"), widget.low, (low) => {
        change({ low });
      }),
      number(gettext("Scale to"), widget.high, (high) => {
        change({ high });
      }),
      number(gettext("Target"), widget.target, (target) => {
        change({ target });
      }),
    );
  }
  panel.append(done);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  return panel;
}
