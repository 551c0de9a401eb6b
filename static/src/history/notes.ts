/** The notes of people on the history: read, written, and one's own taken away. */
import { call, RefusedError, UnreachableError } from "../common/api.ts";
import { announce, icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { momentInWords } from "../common/times.ts";
import { uuid7 } from "../common/uuid7.ts";
import type { Stretch } from "./data.ts";

export interface Note {
  id: string;
  start: string;
  end: string | null;
  text: string;
  made_by: string;
  is_mine: boolean;
}

const language = document.documentElement.lang || "en";

/** What `datetime-local` shows of a moment. */
export function forField(moment: number): string {
  return new Date(moment - new Date(moment).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function field(words: string, control: HTMLInputElement): HTMLLabelElement {
  const [label, text] = [document.createElement("label"), document.createElement("span")];
  text.textContent = words;
  control.className = "form-control";
  label.append(text, control);
  return label;
}

function input(type: string): HTMLInputElement {
  const made = document.createElement("input");
  made.type = type;
  if (type === "datetime-local") made.step = "1";
  return made;
}

export class Notes {
  readonly element = document.createElement("section");
  private readonly list = document.createElement("ol");
  private readonly adding = document.createElement("details");
  private readonly trouble = document.createElement("p");
  private readonly fields = {
    text: input("text"),
    start: input("datetime-local"),
    end: input("datetime-local"),
  };
  private readonly url: string;
  private readonly twin: string;
  private readonly changed: () => void;
  private stretch: Stretch = [0, 0];
  private asked = 0;
  notes: Note[] = [];

  /** `changed` is told when there are other notes to be drawn. */
  constructor(api: string, twin: string, changed: () => void) {
    [this.url, this.twin, this.changed] = [`${api}/annotations/`, twin, changed];
    this.element.className = "history-notes";
    const head = document.createElement("h2");
    head.textContent = gettext("Notes");
    this.element.append(head, this.list, this.form());
    this.element.setAttribute("aria-label", gettext("Notes"));
  }

  /** What is looked at, where a new note is proposed. */
  about(stretch: Stretch): void {
    this.stretch = stretch;
  }

  async load(stretch: Stretch): Promise<void> {
    this.about(stretch);
    const asked = (this.asked += 1);
    const words = new URLSearchParams({
      twin: this.twin,
      start: new Date(stretch[0]).toISOString(),
      end: new Date(stretch[1]).toISOString(),
    });
    try {
      const notes = await call<Note[]>(`${this.url}?${words.toString()}`);
      if (asked !== this.asked) return;
      this.notes = notes;
      this.show();
      this.changed();
    } catch (error) {
      this.tell(error);
    }
  }

  private form(): HTMLElement {
    const [summary, form, button] = [
      document.createElement("summary"),
      document.createElement("form"),
      document.createElement("button"),
    ];
    summary.textContent = gettext("Add a note");
    form.className = "history-note-form";
    this.fields.text.maxLength = 1000;
    this.fields.text.required = this.fields.start.required = true;
    button.className = "btn btn-primary";
    button.textContent = gettext("Add note");
    this.trouble.setAttribute("role", "alert");
    this.trouble.className = "form-error";
    form.append(
      field(gettext("What happened"), this.fields.text),
      field(gettext("From"), this.fields.start),
      field(gettext("Until (empty: an instant)"), this.fields.end),
      button,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.add();
    });
    this.adding.append(summary, form, this.trouble);
    this.adding.addEventListener("toggle", () => {
      if (!this.adding.open) return;
      const [from, to] = this.stretch;
      this.fields.start.value = forField(from + (to - from) / 2);
      this.fields.end.value = "";
      this.fields.text.focus();
    });
    return this.adding;
  }

  private async add(): Promise<void> {
    const { text, start, end } = this.fields;
    const note = {
      twin: this.twin,
      text: text.value,
      start: new Date(start.value).toISOString(),
      end: end.value ? new Date(end.value).toISOString() : null,
    };
    try {
      await call(this.url, note, { "Idempotency-Key": uuid7() });
      text.value = this.trouble.textContent = "";
      this.adding.open = false;
      announce(gettext("The note was added."));
      await this.load(this.stretch);
    } catch (error) {
      this.tell(error);
    }
  }

  private async remove(note: Note): Promise<void> {
    try {
      await call(`${this.url}${note.id}/`, undefined, {}, { method: "DELETE" });
      announce(gettext("The note was taken away."));
      await this.load(this.stretch);
    } catch (error) {
      this.tell(error);
    }
  }

  private tell(error: unknown): void {
    if (error instanceof RefusedError) {
      this.trouble.textContent = [error.message, error.problem.fix].filter(Boolean).join(". ");
    } else if (error instanceof UnreachableError) {
      this.trouble.textContent = gettext("The server could not be reached. What you wrote is still here.");
    } else throw error;
  }

  private show(): void {
    this.list.replaceChildren(
      ...this.notes.map((note, index) => {
        const [item, when, words, who] = [
          document.createElement("li"),
          document.createElement("time"),
          document.createElement("span"),
          document.createElement("small"),
        ];
        when.dateTime = note.start;
        when.textContent = `${index + 1}. ${momentInWords(new Date(note.start), language)}`;
        words.textContent = note.text;
        who.textContent = note.made_by;
        item.append(when, words, who);
        if (note.is_mine) item.append(this.awayButton(note));
        return item;
      }),
    );
  }

  private awayButton(note: Note): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-icon";
    button.setAttribute("aria-label", gettext("Take away the note “{text}”", { text: note.text.slice(0, 60) }));
    button.append(icon("trash"));
    button.addEventListener("click", () => void this.remove(note));
    return button;
  }
}
