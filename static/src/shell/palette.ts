/** `<command-palette>`: Ctrl-K leads to any page, and to whatever the search address finds. */
import { call } from "../common/api.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { setTheme } from "./frame.ts";
import { isNamed, rank, type Entry } from "./rank.ts";

/** Something that can be chosen. */
export interface Offer extends Entry {
  run: () => void;
}

/** The event by which the palette asks the other parts of a page what they have to offer; they add it to the list. */
export interface PaletteAsked {
  wanted: string;
  offers: Offer[];
}

declare global {
  interface DocumentEventMap {
    "palette-asked": CustomEvent<PaletteAsked>;
  }
}

/** What the search address tells of one thing it found. */
interface Found extends Entry {
  url: string;
}

const MOST = 40;
const PAUSE = 150;

function onThisPage(): Offer[] {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("a[data-jump]")].map((link) => ({
    label: link.textContent.trim(),
    kind: link.dataset.jump ?? "",
    run: () => {
      location.assign(link.href);
    },
  }));
  const themes = [
    [gettext("Light appearance"), "light"],
    [gettext("Dark appearance"), "dark"],
    [gettext("Appearance as the system"), "auto"],
  ].map(([label = "", theme = ""]) => ({
    label,
    kind: gettext("Action"),
    run: () => {
      setTheme(theme);
    },
  }));
  return [...links, ...themes];
}

function ofParts(wanted: string): Offer[] {
  const offers: Offer[] = [];
  document.dispatchEvent(new CustomEvent("palette-asked", { detail: { wanted, offers } }));
  return offers;
}

function choiceOf({ url, ...entry }: Found): Offer {
  return {
    ...entry,
    run: () => {
      location.assign(url);
    },
  };
}

export class CommandPalette extends HTMLElement {
  private dialog!: HTMLDialogElement;
  private input!: HTMLInputElement;
  private list!: HTMLUListElement;
  private choices: Offer[] = [];
  private found: Offer[] = [];
  private active = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;
  private isSearching = false;
  private hasFailed = false;
  /** Enter was pressed before there was anything to choose. */
  private isHasty = false;

  connectedCallback(): void {
    const [dialog, input, list] = [
      this.querySelector("dialog"),
      this.querySelector("input"),
      this.querySelector<HTMLUListElement>("[role=listbox]"),
    ];
    if (!dialog || !input || !list) return;
    [this.dialog, this.input, this.list] = [dialog, input, list];
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        this.open();
      }
    });
    document.addEventListener("click", (event) => {
      if ((event.target as Element).closest("[data-open-palette]")) this.open();
    });
    input.addEventListener("input", () => {
      this.search();
    });
    input.addEventListener("keydown", (event) => {
      this.onKey(event);
    });
    list.addEventListener("click", (event) => {
      const option = (event.target as Element).closest("li");
      if (option) this.choose([...list.children].indexOf(option));
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      // An answer that comes now leads nowhere.
      clearTimeout(this.waiting);
      this.asked += 1;
    });
  }

  open(): void {
    if (this.dialog.open) return;
    this.input.value = "";
    this.dialog.showModal();
    this.search();
  }

  private search(): void {
    const source = this.getAttribute("src");
    const wanted = this.input.value.trim();
    clearTimeout(this.waiting);
    this.asked += 1;
    [this.isSearching, this.hasFailed, this.isHasty] = [source !== null && wanted !== "", false, false];
    // What was found for fewer letters stays in sight as far as it fits, until the answer comes.
    this.found = wanted ? this.found.filter((choice) => isNamed(choice, wanted)) : [];
    this.show();
    if (source && wanted) this.waiting = setTimeout(() => void this.fetch(source, wanted, this.asked), PAUSE);
  }

  private async fetch(source: string, wanted: string, turn: number): Promise<void> {
    const url = new URL(source, location.href);
    url.searchParams.set("q", wanted);
    let found: Offer[] = [];
    let hasFailed = false;
    try {
      found = (await call<{ results: Found[] }>(url.href)).results.map(choiceOf);
    } catch {
      // The pages of the rail stay reachable without the search.
      hasFailed = true;
    }
    if (turn !== this.asked) return;
    [this.found, this.hasFailed, this.isSearching] = [found, hasFailed, false];
    this.show();
    if (this.isHasty) this.choose(0);
  }

  private show(): void {
    const named = rank([...ofParts(this.input.value), ...onThisPage(), ...this.found], this.input.value);
    // What was found by something other than its label, such as its key, comes last.
    this.choices = [...named, ...this.found.filter((choice) => !named.includes(choice))].slice(0, MOST);
    this.list.replaceChildren(...this.choices.map((choice, index) => this.option(choice, index)));
    this.list.hidden = this.choices.length === 0;
    this.input.setAttribute("aria-expanded", String(this.choices.length > 0));
    this.say();
    this.mark(0);
  }

  /** What the list itself does not tell; how many there are only to those who do not see them. */
  private say(): void {
    const place = this.querySelector<HTMLElement>(".palette-note");
    if (!place) return;
    const count = this.choices.length;
    place.classList.toggle("visually-hidden", count > 0 && !this.hasFailed);
    if (this.hasFailed)
      place.textContent = gettext("The search does not answer. The pages can be reached all the same.");
    else if (this.isSearching) place.textContent = gettext("Searching…");
    else if (count) place.textContent = ngettext("{count} result", "{count} results", count);
    else place.textContent = gettext("Nothing has this name. Try fewer letters.");
  }

  private option(choice: Offer, index: number): HTMLLIElement {
    const option = document.createElement("li");
    option.id = `palette-${index}`;
    option.setAttribute("role", "option");
    const [label, note, kind] = ["span", "small", "small"].map((name) => document.createElement(name));
    if (!label || !note || !kind) return option;
    [label.textContent, note.textContent, kind.textContent] = [choice.label, choice.note ?? "", choice.kind];
    [label.className, note.className, kind.className] = ["palette-label", "palette-about", "palette-kind"];
    option.append(label, note, kind);
    return option;
  }

  private mark(index: number): void {
    this.active = Math.max(0, Math.min(index, this.choices.length - 1));
    [...this.list.children].forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === this.active));
    });
    this.list.children[this.active]?.scrollIntoView({ block: "nearest" });
    if (this.choices.length) this.input.setAttribute("aria-activedescendant", `palette-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private onKey(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowDown: this.active + 1, ArrowUp: this.active - 1 };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      this.mark((move + this.choices.length) % Math.max(1, this.choices.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.choose(this.active);
    }
  }

  private choose(index: number): void {
    const choice = this.choices[index];
    this.isHasty = !choice && this.isSearching;
    if (!choice) return;
    this.dialog.close();
    choice.run();
  }
}
