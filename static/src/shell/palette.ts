/** `<command-palette>`: Ctrl-K leads to any page, and to whatever the search address finds. */
import { call } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";
import { setTheme } from "./frame.ts";
import { rank, type Entry } from "./rank.ts";

interface Choice extends Entry {
  run: () => void;
}

const MOST = 40;

function onThisPage(): Choice[] {
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

export class CommandPalette extends HTMLElement {
  private dialog!: HTMLDialogElement;
  private input!: HTMLInputElement;
  private list!: HTMLUListElement;
  private choices: Choice[] = [];
  private found: Choice[] = [];
  private active = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;

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
  }

  open(): void {
    if (this.dialog.open) return;
    this.input.value = "";
    this.found = [];
    this.dialog.showModal();
    this.show();
  }

  private search(): void {
    this.show();
    const source = this.getAttribute("src");
    const wanted = this.input.value.trim();
    clearTimeout(this.waiting);
    if (!source || !wanted) {
      this.found = [];
      return;
    }
    this.waiting = setTimeout(() => void this.fetch(source, wanted), 150);
  }

  private async fetch(source: string, wanted: string): Promise<void> {
    const turn = ++this.asked;
    const url = new URL(source, location.href);
    url.searchParams.set("q", wanted);
    try {
      const answer = await call<{ results: (Entry & { url: string })[] }>(url.href);
      if (turn !== this.asked) return;
      this.found = answer.results.map(({ label, kind, url: address }) => ({
        label,
        kind,
        run: () => {
          location.assign(address);
        },
      }));
    } catch {
      // The pages of the rail stay reachable without the search; the frame itself shows that the connection is gone.
      this.found = [];
    }
    this.show();
  }

  private show(): void {
    const wanted = this.input.value.trim();
    this.choices = [...rank(onThisPage(), wanted), ...this.found].slice(0, MOST);
    this.list.replaceChildren(...this.choices.map((choice, index) => this.option(choice, index)));
    const empty = this.querySelector<HTMLElement>(".palette-empty");
    if (empty) empty.hidden = this.choices.length > 0;
    this.mark(0);
  }

  private option(choice: Choice, index: number): HTMLLIElement {
    const option = document.createElement("li");
    option.id = `palette-${index}`;
    option.setAttribute("role", "option");
    const kind = document.createElement("small");
    kind.textContent = choice.kind;
    option.append(choice.label, kind);
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
    if (!choice) return;
    this.dialog.close();
    choice.run();
  }
}
