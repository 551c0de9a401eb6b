/** A register map as a table of cells over its text: what a form sends is the text, with or without this script. */
import { icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { COLUMNS, rowsOf, textOf } from "./registers-text.ts";

const CHOICES: Record<string, string[]> = {
  table: ["", "coil", "discrete", "input", "holding"],
  type: ["", "bit", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"],
  word_order: ["", "big", "little"],
  byte_order: ["", "big", "little"],
};

/** What an empty cell stands for. */
const USUAL: Record<string, string> = {
  unit: "1",
  table: "holding",
  type: "uint16",
  word_order: "big",
  byte_order: "big",
  every_ms: "1000",
};

/** `<register-map>`: holds the text area; shows a table in its place. */
export class RegisterMap extends HTMLElement {
  private readonly body = document.createElement("tbody");
  private text: HTMLTextAreaElement | null = null;

  connectedCallback(): void {
    this.text = this.querySelector("textarea");
    const field = this.text?.closest<HTMLElement>(".form-field");
    if (!this.text || !field) return;
    const frame = document.createElement("div");
    frame.className = "sheet-frame";
    const table = document.createElement("table");
    table.className = "sheet register-table";
    table.append(this.head(), this.body);
    frame.append(table);
    const add = button("plus", gettext("Add a point"));
    add.addEventListener("click", () => {
      this.addRow(COLUMNS.map(() => ""))
        .querySelector("input")
        ?.focus();
    });
    const other = button("pencil", gettext("Edit as text"));
    other.addEventListener("click", () => {
      field.hidden = !field.hidden;
      frame.hidden = add.hidden = !field.hidden;
      if (field.hidden) this.show();
      other.lastChild?.replaceWith(field.hidden ? gettext("Edit as text") : gettext("Edit as table"));
    });
    const bar = document.createElement("div");
    bar.className = "form-bar";
    bar.append(add, other);
    this.append(frame, bar);
    field.hidden = true;
    this.show();
    this.body.addEventListener("input", () => {
      this.keep();
    });
    this.body.addEventListener("paste", (event) => {
      this.paste(event);
    });
  }

  private head(): HTMLTableSectionElement {
    const head = document.createElement("thead");
    const row = head.insertRow();
    for (const column of [...COLUMNS, ""]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = column.replace("_", " ");
      if (!column) cell.append(hiddenWords(gettext("Actions")));
      row.append(cell);
    }
    return head;
  }

  private show(): void {
    this.body.replaceChildren();
    const rows = rowsOf(this.text?.value ?? "");
    for (const row of rows.length > 0 ? rows : [COLUMNS.map(() => "")]) this.addRow(row);
  }

  private addRow(values: string[]): HTMLTableRowElement {
    const row = this.body.insertRow();
    COLUMNS.forEach((column, place) => {
      const cell = row.insertCell();
      cell.dataset.label = column.replace("_", " ");
      cell.append(control(column, values[place] ?? ""));
    });
    const drop = button("x", "");
    drop.setAttribute("aria-label", gettext("Take this point out"));
    drop.addEventListener("click", () => {
      row.remove();
      this.keep();
    });
    row.insertCell().append(drop);
    return row;
  }

  private keep(): void {
    const rows = [...this.body.rows].map((row) =>
      [...row.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")].map((each) => each.value.trim()),
    );
    if (this.text) this.text.value = textOf(rows);
  }

  /** Several lines, or several cells, become rows of their own; an empty table is replaced. */
  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    for (const row of [...this.body.rows]) {
      if ([...row.querySelectorAll<HTMLInputElement>("input")].every((each) => each.value === "")) row.remove();
    }
    for (const row of rowsOf(text)) this.addRow(row);
    this.keep();
  }
}

function hiddenWords(words: string): HTMLSpanElement {
  const made = document.createElement("span");
  made.className = "visually-hidden";
  made.textContent = words;
  return made;
}

function button(name: string, label: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = label ? "btn" : "btn btn-sm";
  made.append(icon(name), label);
  return made;
}

function control(column: string, value: string): HTMLElement {
  const choices = CHOICES[column];
  if (!choices?.includes(value)) {
    const made = document.createElement("input");
    made.className = "form-control";
    made.value = value;
    made.placeholder = USUAL[column] ?? "";
    made.setAttribute("aria-label", column.replace("_", " "));
    return made;
  }
  const made = document.createElement("select");
  made.className = "form-select";
  made.setAttribute("aria-label", column.replace("_", " "));
  for (const choice of choices)
    made.append(new Option(choice || (USUAL[column] ?? ""), choice, false, choice === value));
  return made;
}
