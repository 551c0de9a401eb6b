/** The alarms in the time that the chart shows, as a list that opens each of them. */
import { RefusedError, UnreachableError } from "../common/api.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { momentInWords, spanInWords } from "../common/times.ts";
import type { Stretch } from "./data.ts";
import { grouped, loadSpans, markOf, priorityInWords, type AlarmSource, type AlarmSpan, type Group } from "./spans.ts";

const language = document.documentElement.lang || "en";
const MOST_LISTED = 30;

export class Alarms {
  readonly element = document.createElement("section");
  spans: AlarmSpan[] = [];
  private readonly of: AlarmSource;
  private readonly changed: () => void;
  private readonly list = document.createElement("ol");
  private readonly told = document.createElement("p");

  /** `changed` is told when there are others to be drawn. */
  constructor(of: AlarmSource, changed: () => void) {
    [this.of, this.changed] = [of, changed];
    const head = document.createElement("h2");
    head.textContent = gettext("Alarms");
    this.element.className = "history-notes history-alarms";
    this.element.setAttribute("aria-label", gettext("Alarms in this time"));
    this.told.className = "form-hint";
    this.element.append(head, this.list, this.told);
  }

  /** Loads those of the assets whose signals are looked at. */
  async load(assets: string[], stretch: Stretch, off: AbortSignal): Promise<void> {
    try {
      const { spans, more } = assets.length ? await loadSpans(this.of, assets, stretch, off) : { spans: [], more: 0 };
      if (off.aborted) return;
      this.spans = spans;
      this.show(stretch, more);
      this.changed();
    } catch (error) {
      if (off.aborted) return;
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      this.told.textContent = gettext("The alarms of this time could not be loaded.");
    }
  }

  /** The first of the list takes the focus; false when there is none. */
  enter(): boolean {
    const first = this.list.querySelector("a");
    first?.focus();
    return first !== null;
  }

  private show(stretch: Stretch, more: number): void {
    const groups = grouped(this.spans);
    this.list.replaceChildren(...groups.slice(0, MOST_LISTED).map((group) => this.item(group, stretch)));
    const hidden = groups.slice(MOST_LISTED).reduce((sum, { length }) => sum + length, more);
    this.told.textContent = !groups.length
      ? gettext("No alarm of these assets was active in this time.")
      : hidden
        ? ngettext("{count} earlier span is not shown.", "{count} earlier spans are not shown.", hidden)
        : "";
  }

  private item([newest, ...earlier]: Group, [from, to]: Stretch): HTMLElement {
    const [item, mark, link, when] = [
      document.createElement("li"),
      document.createElement("strong"),
      document.createElement("a"),
      document.createElement("small"),
    ];
    mark.className = `alarm-mark priority-${newest.priority}`;
    mark.textContent = markOf(newest, this.spans);
    link.href = `${this.of.page}${newest.alarm}/`;
    link.textContent = `${newest.asset_name}, ${newest.name}`;
    const words = document.createElement("span");
    words.append(link, ` · ${priorityInWords(newest.priority)}`);
    if (earlier.length) {
      words.append(` · ${ngettext("{count} time", "{count} times", earlier.length + 1)}`);
    }
    const start = newest.start === null ? null : Date.parse(newest.start);
    const end = newest.end === null ? null : Date.parse(newest.end);
    const length = spanInWords(Math.round(((end ?? Math.min(to, Date.now())) - (start ?? from)) / 1000));
    when.textContent = [
      start === null ? gettext("from before") : moment(start),
      "–",
      end === null ? gettext("still active") : moment(end),
      `(${start === null ? gettext("longer than {length}", { length }) : length})`,
    ].join(" ");
    item.append(mark, words, when);
    return item;
  }
}

function moment(at: number): string {
  return momentInWords(new Date(at), language, "medium");
}
