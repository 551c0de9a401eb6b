/** Choosing signals: found by words among all of the twin's, ticked; the chosen ones as marks that are the legend. */
import { icon } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { MOST_SIGNALS } from "./address.ts";

export interface Choosable {
  place: string;
  asset: string;
  name: string;
  unit: string;
}

const MOST_SHOWN = 60;

/** All signals that words find, at most so many, and how many there are in all. */
export function fitting(all: Choosable[], words: string): [Choosable[], number] {
  const parts = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter(({ asset, name, place }) => {
    const text = `${asset} ${name} ${place.split("/")[1] ?? ""}`.toLocaleLowerCase();
    return parts.every((part) => text.includes(part));
  });
  return [found.slice(0, MOST_SHOWN), found.length];
}

/** A button that opens the choice. `chosen` is asked anew each time, `toggle` told of what is ticked or no more. */
export function signalChoice(
  all: Choosable[],
  chosen: () => string[],
  toggle: (place: string) => void,
): HTMLDetailsElement {
  const details = document.createElement("details");
  details.className = "history-choice";
  const summary = document.createElement("summary");
  summary.className = "btn";
  summary.append(icon("plus"), gettext("Signals"));
  const [inside, search, list, told] = [
    document.createElement("div"),
    document.createElement("input"),
    document.createElement("div"),
    document.createElement("p"),
  ];
  search.type = "search";
  search.className = "form-control";
  search.placeholder = gettext("Asset or signal…");
  search.setAttribute("aria-label", gettext("Find a signal of any asset"));
  told.className = "form-hint";
  const show = (): void => {
    const [found, number] = fitting(all, search.value);
    const now = chosen();
    list.replaceChildren(...found.map((one) => tick(one, now, toggle)));
    told.textContent =
      found.length < number
        ? ngettext(
            "{count} fits; write more to narrow them down.",
            "{count} fit; write more to narrow them down.",
            number,
          )
        : now.length >= MOST_SIGNALS
          ? gettext("{most} signals are shown, which is the most.", { most: MOST_SIGNALS })
          : "";
  };
  search.addEventListener("input", show);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    show();
    search.focus();
  });
  list.addEventListener("change", show);
  inside.append(search, list, told);
  details.append(summary, inside);
  closesItself(details, summary);
  return details;
}

/** Closes a folded-out panel with Escape, or when somebody clicks elsewhere. */
export function closesItself(details: HTMLDetailsElement, summary: HTMLElement): void {
  document.addEventListener("pointerdown", (event) => {
    if (!event.composedPath().includes(details)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    details.open = false;
    summary.focus();
  });
}

function tick(one: Choosable, chosen: string[], toggle: (place: string) => void): HTMLElement {
  const label = document.createElement("label");
  label.className = "form-check";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.className = "form-check-input";
  box.checked = chosen.includes(one.place);
  box.disabled = !box.checked && chosen.length >= MOST_SIGNALS;
  box.addEventListener("change", () => {
    toggle(one.place);
  });
  label.append(box, ` ${one.asset} · ${one.name}`);
  return label;
}

/** The chosen signals in their colours: a click brings one forward, a cross takes it away. */
export function chosenMarks(
  chosen: Choosable[],
  forward: string,
  told: { forward: (place: string) => void; away: (place: string) => void },
): HTMLElement[] {
  return chosen.map((one, index) => {
    const mark = document.createElement("span");
    mark.className = `history-signal series-${(index % 6) + 1}`;
    mark.toggleAttribute("data-chosen", one.place === forward);
    const [words, small, away] = [
      document.createElement("span"),
      document.createElement("small"),
      document.createElement("button"),
    ];
    words.textContent = `${one.asset} · ${one.name}`;
    small.textContent = one.unit;
    away.type = "button";
    away.setAttribute("aria-label", gettext("Take away {name}", { name: `${one.asset} · ${one.name}` }));
    away.append(icon("x"));
    away.addEventListener("click", () => {
      told.away(one.place);
    });
    mark.append(words, small, away);
    mark.addEventListener("pointerdown", () => {
      told.forward(one.place);
    });
    return mark;
  });
}
