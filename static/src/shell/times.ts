/** `<live-age>` and `<viewer-time>`: what the server wrote as UTC, in the viewer's words and zone. */
import { ageInWords, momentInFull, momentInWords } from "../common/times.ts";

const language = document.documentElement.lang || "en";
const ages = new Set<LiveAge>();
let ticking: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (document.hidden) return;
  const now = Date.now();
  for (const age of ages) age.show(now);
}

abstract class TimeElement extends HTMLElement {
  protected time: HTMLTimeElement | null = null;

  connectedCallback(): void {
    this.time = this.querySelector("time");
    if (this.time) this.time.title = momentInFull(new Date(this.time.dateTime), language);
  }
}

/** How long ago its `<time>` was; one timer serves all of a page. */
export class LiveAge extends TimeElement {
  override connectedCallback(): void {
    super.connectedCallback();
    ages.add(this);
    ticking ??= setInterval(tick, 1000);
    this.show(Date.now());
  }

  disconnectedCallback(): void {
    ages.delete(this);
    if (ages.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  }

  show(now: number): void {
    if (!this.time) return;
    const words = ageInWords(Date.parse(this.time.dateTime), now);
    if (this.time.textContent !== words) this.time.textContent = words;
  }
}

/** Its `<time>` in the viewer's zone, the zone on hover. */
export class ViewerTime extends TimeElement {
  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.time) return;
    const moment = new Date(this.time.dateTime);
    this.time.textContent = momentInWords(moment, language, this.hasAttribute("seconds") ? "medium" : "short");
  }
}

document.addEventListener("visibilitychange", tick);
