/** "Check this report": the browser takes the file and makes every check itself, one line for each. */
import { call, RefusedError as AnsweredError } from "../common/api.ts";
import { announce, icon } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { RefusedError, UnknownError } from "./canonical.ts";
import { checksOf, made, reading } from "./checks.ts";
import type { Answer, AskLog, Check, FigureLine, Kept, Result } from "./checks.ts";
import type { Report } from "./shapes.ts";

interface Look {
  icon: string;
  tone: string;
  word: string;
}

const LOOKS: Record<Result["state"] | "queued" | "working", Look> = {
  queued: { icon: "hourglass", tone: "quiet", word: gettext("Waits") },
  working: { icon: "loader-2", tone: "planned", word: gettext("In progress") },
  holds: { icon: "circle-check", tone: "good", word: gettext("Holds") },
  fails: { icon: "alert-circle", tone: "bad", word: gettext("Fails") },
  unknown: { icon: "circle-dashed", tone: "unknown", word: gettext("Unknown") },
};

/** Make the place offer the check; it is hidden where nothing can be checked. */
export function offerCheck(place: HTMLElement): void {
  const button = place.querySelector("button");
  if (!button) return;
  place.hidden = false;
  let isBusy = false;
  button.addEventListener("click", () => {
    if (isBusy) return;
    isBusy = true;
    button.setAttribute("aria-disabled", "true");
    void check(place).finally(() => {
      isBusy = false;
      button.removeAttribute("aria-disabled");
    });
  });
}

/** Take the report and make its checks, each with a line of its own. */
async function check(place: HTMLElement): Promise<void> {
  const sheet = new Sheet(place);
  const { report: address = "", log, memory: name = "" } = place.dataset;
  const kept: Kept[] = [];
  const memory = { read: () => remembered(name), keep: (one: Kept) => void kept.push(one) };
  let report: Report | undefined;
  const read = {
    claim: gettext("The report can be read in one way only"),
    find: async () => {
      const bytes = await fetched(address);
      report = reading(bytes);
      return ngettext("{count} byte", "{count} bytes", bytes.length);
    },
  };
  const results = [await sheet.line(read)];
  let areProven = false;
  if (report) {
    const checks = checksOf(report, memory, log ? asking(log) : null);
    const { computationsOf, inWorker } = await import("./recomputing.ts");
    const made = await sheet.lines([...checks, ...computationsOf(report, inWorker)]);
    results.push(...made);
    // What the figures come to says nothing of the log.
    areProven = made.slice(0, checks.length).every((result) => result.state === "holds");
  }
  const newest = kept.at(-1);
  if (newest && areProven) remember(name, newest);
  sheet.end(results);
}

async function fetched(address: string): Promise<Uint8Array<ArrayBuffer>> {
  // `crypto.subtle` is there only where nobody between could have changed this very program.
  if (!("subtle" in crypto))
    throw new UnknownError(gettext("Browsers check only on pages that came by https; use the verifier."));
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new UnknownError(gettext("The report did not come; check the connection and try again."));
  }
  if (!answer.ok)
    throw new RefusedError(gettext("The report is not delivered (HTTP {status}).", { status: String(answer.status) }));
  return new Uint8Array(await answer.arrayBuffer());
}

function asking(address: string): AskLog {
  return async (known) => {
    try {
      return await call<Answer>(`${address}?known=${known}`);
    } catch (error) {
      if (error instanceof AnsweredError && error.status === 409) throw new RefusedError(error.message);
      throw new UnknownError(gettext("The log could not be asked: {reason}", { reason: String(error) }));
    }
  };
}

/** What this browser keeps of a log; broken, it is as if there were nothing. */
function remembered(name: string): Kept | null {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? "null") as Partial<Kept> | null;
    return typeof kept?.head === "string" && typeof kept.fingerprint === "string" ? (kept as Kept) : null;
  } catch {
    return null;
  }
}

function remember(name: string, kept: Kept): void {
  try {
    localStorage.setItem(name, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing checks each report as its first.
  }
}

/** The list of checks, the bar and the sentence above it. */
class Sheet {
  private readonly list: HTMLElement;
  private readonly bar: HTMLProgressElement | null;
  private readonly said: HTMLElement | null;

  constructor(place: HTMLElement) {
    this.list = place.querySelector("ol") ?? document.createElement("ol");
    this.bar = place.querySelector("progress");
    this.said = place.querySelector("[data-said]");
    this.list.replaceChildren();
    if (this.bar) {
      this.bar.hidden = false;
      this.bar.removeAttribute("value");
    }
    this.say(gettext("The report is being checked."), "working");
  }

  /** A check with its line. */
  async line(one: Check): Promise<Result> {
    const [result] = await this.lines([one]);
    return result ?? { state: "unknown", found: "" };
  }

  /** Checks in their order, all of them listed before the first is made. */
  async lines(checks: Check[]): Promise<Result[]> {
    const rows = checks.map((one) => new Row(this.list, one.claim));
    const before = this.list.childElementCount - rows.length;
    const results: Result[] = [];
    for (const [at, one] of checks.entries()) {
      rows[at]?.show("working", "");
      const result = await made(one, (share) => {
        this.progress(before + at + share);
      });
      rows[at]?.show(result.state, result.found);
      if (result.figures?.length) rows[at]?.add(result.figures);
      results.push(result);
      this.progress(before + at + 1);
    }
    return results;
  }

  /** How many checks are made, with the share of the one at hand. */
  private progress(made: number): void {
    if (!this.bar || this.list.childElementCount < 2) return;
    this.bar.max = this.list.childElementCount;
    this.bar.value = made;
  }

  /** What it comes to. */
  end(results: Result[]): void {
    if (this.bar) this.bar.hidden = true;
    const of = results.length;
    const failed = results.filter((result) => result.state === "fails").length;
    const unknown = results.filter((result) => result.state === "unknown").length;
    if (failed)
      this.say(
        gettext("Not verified: {failed} of {of} checks fail. Keep the report, and ask your supplier.", { failed, of }),
        "fails",
      );
    else if (unknown)
      this.say(
        gettext("{unknown} of {of} checks could not be made here, the others hold.", { unknown, of }),
        "unknown",
      );
    else this.say(gettext("Verified by this browser: all {of} checks hold.", { of }), "holds");
  }

  private say(sentence: string, state: keyof typeof LOOKS): void {
    if (!this.said) return;
    this.said.dataset.state = state;
    this.said.textContent = sentence;
    announce(sentence);
  }
}

/** One check in the list. */
class Row {
  private readonly item = document.createElement("li");
  private readonly mark = document.createElement("span");
  private readonly found = document.createElement("span");

  constructor(list: HTMLElement, claim: string) {
    const text = document.createElement("span");
    text.textContent = claim;
    this.found.className = "digest text-secondary";
    this.item.append(this.mark, text, this.found);
    list.append(this.item);
    this.show("queued", "");
  }

  show(state: keyof typeof LOOKS, found: string): void {
    marked(this.mark, state, LOOKS[state].word);
    this.found.textContent = found;
  }

  /** The figures below, as they are stated and as they were computed. */
  add(figures: FigureLine[]): void {
    const table = document.createElement("table");
    table.className = "sheet self-check-figures";
    const caption = table.createCaption();
    caption.className = "visually-hidden";
    caption.textContent = gettext("Figures, stated and computed again");
    const labels = [gettext("Figure"), gettext("Stated"), gettext("Computed here"), gettext("Result")];
    const heads = table.createTHead().insertRow();
    for (const label of labels) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = label;
      heads.append(cell);
    }
    const body = table.createTBody();
    for (const figure of figures) this.line(body.insertRow(), figure, labels);
    this.item.append(table);
  }

  private line(row: HTMLTableRowElement, figure: FigureLine, labels: string[]): void {
    const mark = document.createElement("span");
    const words = { holds: gettext("The same"), fails: gettext("Another"), unknown: gettext("Unknown") };
    marked(mark, figure.state, words[figure.state]);
    const values = [[figure.name], whole(figure.stated), whole(figure.computed), [mark]];
    for (const [at, value] of values.entries()) {
      const cell = row.insertCell();
      cell.dataset.label = labels[at] ?? "";
      cell.append(...value);
    }
  }
}

/** A figure that breaks between percent and amount, and nowhere else. */
function whole(figure: string): (string | HTMLElement)[] {
  return figure.split(", ").flatMap((part, at) => {
    const held = document.createElement("span");
    held.className = "text-nowrap";
    held.textContent = part;
    return at ? [", ", held] : [held];
  });
}

/** Make a mark show a state by icon, tone and word. */
function marked(mark: HTMLElement, state: keyof typeof LOOKS, said: string): void {
  const look = LOOKS[state];
  const word = document.createElement("span");
  word.textContent = said;
  mark.className = `state state-${look.tone}`;
  mark.dataset.status = state;
  mark.replaceChildren(icon(look.icon), word);
}
