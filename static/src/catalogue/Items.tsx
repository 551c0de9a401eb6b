import "./section.css";
import { useState, type KeyboardEvent } from "react";
import { announce } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { isObject, keyFrom, type Json, type Section } from "./document.ts";
import { ElementForm, nameOf } from "./ElementForm.tsx";
import { elements, type Element } from "./inheritance.ts";
import { placeOf } from "./marks.ts";
import type { SectionForm } from "./forms.ts";
import { formOf, STATES } from "./sections.ts";
import { useEditor } from "./store.ts";

function noteOf({ standing, inherited }: Element): string {
  const type = inherited?.origin ?? "";
  return { own: "", inherited: gettext("from {type}", { type }), overridden: gettext("overrides {type}", { type }) }[
    standing
  ];
}

function Row({
  form,
  element,
  isWrong,
  chosen,
}: {
  form: SectionForm;
  element: Element;
  isWrong: boolean;
  chosen: boolean;
}) {
  const { key, standing, value } = element;
  const note = noteOf(element);
  return (
    <li>
      <button
        type="button"
        className={`type-row-button type-${standing}`}
        aria-current={chosen ? "true" : undefined}
        data-place={`${form.section}/${key}`}
        onClick={() => {
          useEditor.getState().open(form.section, key);
        }}
      >
        <span className="type-row-name">
          {nameOf(form.section, element)}
          {isWrong && (
            <span className="type-mark">
              <Icon name="alert-circle" />
              <span className="visually-hidden">{gettext("Something is wrong here.")}</span>
            </span>
          )}
        </span>
        <small>{form.summary(value)}</small>
        {note && (
          <small className="type-row-note">
            <Icon name={standing === "inherited" ? "hierarchy-2" : "pencil"} />
            {note}
          </small>
        )}
      </button>
    </li>
  );
}

function blankOf(form: SectionForm, name: string): Json {
  return isObject(form.blank) ? { name: { en: name }, ...form.blank } : form.blank;
}

/** What is wrong with the name of something new; empty when nothing is, or nothing was typed yet. */
function nameError(name: string, key: string, taken: ReadonlySet<string>): string {
  if (!name) return "";
  if (!key) return gettext("A name needs a letter.");
  return taken.has(key) ? gettext("There is one called so.") : "";
}

function StateAdder({
  form,
  taken,
  add,
}: {
  form: SectionForm;
  taken: ReadonlySet<string>;
  add: (state: string) => void;
}) {
  const left = STATES.filter(([state]) => !taken.has(state));
  if (left.length === 0) return null;
  return (
    <select
      className="form-select"
      aria-label={form.add}
      value=""
      onChange={(event) => {
        if (event.target.value) add(event.target.value);
      }}
    >
      <option value="">{form.add}…</option>
      {left.map(([state, words]) => (
        <option key={state} value={state}>
          {words}
        </option>
      ))}
    </select>
  );
}

function Adder({ form, taken }: { form: SectionForm; taken: ReadonlySet<string> }) {
  const [name, setName] = useState<string | null>(null);
  const { change, open } = useEditor.getState();
  const key = keyFrom(name ?? "");
  const error = nameError(name ?? "", key, taken);
  const add = (wanted: string, called: string): void => {
    change([form.section, wanted], blankOf(form, called));
    open(form.section, wanted);
    setName(null);
    announce(gettext("{name} is added.", { name: called }));
    focusForm();
  };
  if (form.keys === "state")
    return (
      <StateAdder
        form={form}
        taken={taken}
        add={(state) => {
          add(state, state);
        }}
      />
    );
  if (name === null)
    return (
      <button
        type="button"
        className="btn"
        onClick={() => {
          setName("");
        }}
      >
        <Icon name="plus" />
        {form.add}
      </button>
    );
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      setName(null);
    }
  };
  return (
    <form
      className="type-adder"
      onKeyDown={onKey}
      onSubmit={(event) => {
        event.preventDefault();
        if (key && !error) add(key, name.trim());
      }}
    >
      <input
        autoFocus
        className={error ? "form-control is-invalid" : "form-control"}
        aria-label={gettext("Name")}
        placeholder={gettext("Name")}
        value={name}
        maxLength={200}
        aria-invalid={error !== ""}
        onChange={(event) => {
          setName(event.target.value);
        }}
      />
      <button type="submit" className="btn btn-primary" disabled={!key || error !== ""}>
        {gettext("Add")}
      </button>
      <button
        type="button"
        className="btn"
        onClick={() => {
          setName(null);
        }}
      >
        {gettext("Cancel")}
      </button>
      {error && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
    </form>
  );
}

/** The first field of the form that has just been opened, its name aside: that was given already. */
function focusForm(): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>('.type-fields [data-place]:not([data-place$="/name"])')?.focus();
  });
}

function moveInList(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  event.preventDefault();
  rows[(at + step + rows.length) % rows.length]?.focus();
}

/** A section: its elements beside the form of the one that is chosen. */
export function SectionPage({ section }: { section: Section }) {
  const document = useEditor((state) => state.document);
  const from = useEditor((state) => state.heritage);
  const findings = useEditor((state) => state.findings);
  const chosen = useEditor((state) => state.chosen);
  const canEdit = useEditor((state) => state.canEdit);
  const form = formOf(section);
  const all = elements(document, section, from);
  const wrong = new Set(
    findings
      .filter((each) => each.severity !== "hint")
      .map((each) => placeOf(each).place.split("/").slice(0, 2).join("/")),
  );
  const own = all.filter((each) => each.standing !== "inherited").length;
  const isShown = chosen !== null && all.some((each) => each.key === chosen);
  return (
    <div className="type-section" data-chosen={isShown}>
      <div className="type-list">
        <div className="type-list-head">
          <h2>{form.label}</h2>
          <span className="type-count">
            {ngettext("{count} own", "{count} own", own)} · {gettext("{count} in all", { count: all.length })}
          </span>
        </div>
        {canEdit && <Adder key={section} form={form} taken={new Set(all.map((each) => each.key))} />}
        <ul onKeyDown={moveInList}>
          {all.map((each) => (
            <Row
              key={each.key}
              form={form}
              element={each}
              isWrong={wrong.has(`${section}/${each.key}`)}
              chosen={each.key === chosen}
            />
          ))}
        </ul>
      </div>
      <div className="type-detail">
        {isShown ? (
          <ElementForm section={section} id={chosen} />
        ) : (
          <div className="nothing">
            <Icon name={form.icon} />
            <h2>{all.length ? gettext("Choose one to see and edit it") : form.label}</h2>
            <p>{form.purpose}</p>
          </div>
        )}
      </div>
    </div>
  );
}
