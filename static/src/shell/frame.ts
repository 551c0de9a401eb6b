/** The components of the frame around each page. */
import { rememberChoice } from "../common/dom.ts";

const root = document.documentElement;

/** `<theme-switch>`: light, dark, or as the system has it. The server reads the choice from the cookie. */
export class ThemeSwitch extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-choose-theme]");
      if (button) setTheme(button.dataset.chooseTheme ?? "auto");
    });
    this.show();
  }

  show(): void {
    const chosen = root.getAttribute("data-bs-theme") ?? "auto";
    for (const button of this.querySelectorAll<HTMLElement>("[data-choose-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === chosen));
    }
  }
}

/** Shows and remembers a theme: `light`, `dark` or `auto`. */
export function setTheme(theme: string): void {
  if (theme === "auto") root.removeAttribute("data-bs-theme");
  else root.setAttribute("data-bs-theme", theme);
  rememberChoice("theme", theme === "auto" ? "" : theme);
  document.querySelectorAll<ThemeSwitch>("theme-switch").forEach((each) => {
    each.show();
  });
}

/** `<rail-toggle>`: the rail with words, or with icons alone. */
export class RailToggle extends HTMLElement {
  connectedCallback(): void {
    this.show();
    this.querySelector("button")?.addEventListener("click", () => {
      const chosen = this.isWide() ? "narrow" : "wide";
      root.setAttribute("data-rail", chosen);
      rememberChoice("rail", chosen);
      this.show();
    });
  }

  private isWide(): boolean {
    const chosen = root.getAttribute("data-rail");
    return chosen ? chosen === "wide" : matchMedia("(min-width: 1200px)").matches;
  }

  private show(): void {
    this.querySelector("button")?.setAttribute("aria-expanded", String(this.isWide()));
  }
}

/** `<connection-state>`: is there while the browser has no connection. */
export class ConnectionState extends HTMLElement {
  private readonly show = (): void => {
    this.hidden = navigator.onLine;
  };

  connectedCallback(): void {
    addEventListener("online", this.show);
    addEventListener("offline", this.show);
    this.show();
  }

  disconnectedCallback(): void {
    removeEventListener("online", this.show);
    removeEventListener("offline", this.show);
  }
}

/** `<job-progress>`: the share of its `<progress>` as a number beside it. */
export class JobProgress extends HTMLElement {
  connectedCallback(): void {
    const bar = this.querySelector("progress");
    if (!bar?.hasAttribute("value")) return;
    const share = document.createElement("span");
    share.textContent = new Intl.NumberFormat(root.lang, { style: "percent" }).format(bar.position);
    share.setAttribute("aria-hidden", "true");
    this.append(share);
  }
}
