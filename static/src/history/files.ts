/** Readings as a file: a small one is fetched at once, a large one is written by a job that tells how far it is. */
import { call, RefusedError, UnreachableError } from "../common/api.ts";
import { announce, icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { uuid7 } from "../common/uuid7.ts";
import { question, type Stretch } from "./data.ts";

type Kind = "csv" | "parquet";

interface HistoryFile {
  id: string | null;
  state: "queued" | "running" | "done" | "failed" | "cancelled" | null;
  progress: number;
  rows: number;
  bytes: number | null;
  error: string;
}

const LOOK_MS = 1000;
const language = document.documentElement.lang || "en";

/** What the file of somebody's wish is doing, beside the buttons that ask for one. */
export class Files {
  readonly element = document.createElement("div");
  private readonly api: string;
  private readonly told = document.createElement("p");
  private readonly bar = document.createElement("progress");
  private readonly cancel = document.createElement("button");
  private readonly fetch = document.createElement("a");
  private file: string | null = null;

  constructor(api: string) {
    this.api = api;
    this.element.className = "history-file";
    this.told.className = "form-hint";
    this.told.setAttribute("role", "status");
    this.bar.max = 1;
    this.bar.setAttribute("aria-label", gettext("How far the file is"));
    this.cancel.type = "button";
    this.cancel.className = "btn w-100";
    this.cancel.textContent = gettext("Cancel");
    this.cancel.addEventListener("click", () => void this.stop());
    this.fetch.className = "btn btn-primary w-100";
    this.fetch.append(icon("download"), gettext("Save the file"));
    this.fetch.download = "";
    this.show([]);
  }

  /** Asks for the readings of a stretch. */
  async ask(kind: Kind, signals: string[], stretch: Stretch): Promise<void> {
    if (this.file !== null) return;
    const [start, end] = stretch.map((moment) => new Date(moment).toISOString());
    try {
      const key = { "Idempotency-Key": uuid7() };
      const made = await call<HistoryFile>(
        `${this.api}/history-files/`,
        { signal: signals, start, end, file: kind },
        key,
      );
      if (made.id === null) {
        this.show([]);
        location.assign(`${this.api}/history/file/?${question(signals, stretch, { file: kind })}`);
        return;
      }
      this.file = made.id;
      await this.follow(made);
    } catch (error) {
      this.fail(error);
    }
  }

  private async follow(first: HistoryFile): Promise<void> {
    let now = first;
    const isWanted = (): boolean => this.file === first.id;
    while (isWanted() && (now.state === "queued" || now.state === "running")) {
      this.bar.value = now.progress;
      this.tell(
        gettext("{rows} readings: {percent} % are written. You can leave this page open and go on.", {
          rows: now.rows,
          percent: Math.floor(now.progress * 100),
        }),
      );
      this.show([this.bar, this.told, this.cancel]);
      await new Promise((later) => setTimeout(later, LOOK_MS));
      if (!isWanted()) return;
      try {
        now = await call<HistoryFile>(`${this.api}/history-files/${first.id ?? ""}/`);
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
      }
    }
    this.end(now);
  }

  private end(now: HistoryFile): void {
    const file = this.file;
    this.file = null;
    if (now.state !== "done" || file === null) {
      this.tell(now.error || gettext("The file was not written."));
      this.show([this.told]);
      return;
    }
    const megabytes = ((now.bytes ?? 0) / 1e6).toLocaleString(language, { maximumFractionDigits: 1 });
    this.fetch.href = `${this.api}/history-files/${file}/content/`;
    this.tell(gettext("The file is ready: {size} MB. It is kept for 7 days.", { size: megabytes }));
    this.show([this.told, this.fetch]);
    announce(this.told.textContent);
  }

  private async stop(): Promise<void> {
    const file = this.file;
    if (file === null) return;
    this.file = null;
    this.tell(gettext("The file was cancelled."));
    this.show([this.told]);
    try {
      await call(`${this.api}/history-files/${file}/`, undefined, {}, { method: "DELETE" });
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.file = null;
    if (error instanceof RefusedError) this.tell([error.message, error.problem.fix].filter(Boolean).join(". "));
    else if (error instanceof UnreachableError) this.tell(gettext("The server could not be reached. Try again."));
    else throw error;
    this.show([this.told]);
  }

  private tell(words: string): void {
    if (this.told.textContent !== words) this.told.textContent = words;
  }

  private show(parts: HTMLElement[]): void {
    if (
      parts.some((part, index) => this.element.children[index] !== part) ||
      parts.length !== this.element.children.length
    )
      this.element.replaceChildren(...parts);
    this.element.hidden = !parts.length;
  }
}
