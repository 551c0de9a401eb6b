import { useMemo, useState } from "react";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { Fields } from "./Control.tsx";
import { inLanguage, isObject, ownElements, type Section } from "./document.ts";
import { Faults, ShownElement, useFindingsAt } from "./Frame.tsx";
import { element as elementOf, type Element } from "./inheritance.ts";
import { formOf, STATES } from "./sections.ts";
import { useEditor } from "./store.ts";

const language = typeof document === "undefined" ? "en" : document.documentElement.lang || "en";

/** What people call an element: its name, else its key as words. */
export function nameOf(section: Section, { key, value }: Pick<Element, "key" | "value">): string {
  if (section === "states") return STATES.find(([state]) => state === key)?.[1] ?? key;
  return (isObject(value) && inLanguage(value["name"], language)) || key.replaceAll("_", " ");
}

/** What is wrong with a key that somebody types; empty when nothing is. */
function keyError(wanted: string, now: string, section: Section): string {
  const { document, heritage } = useEditor.getState();
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(wanted)) return gettext("Small letters, digits and _, a letter first.");
  const isTaken = wanted in ownElements(document, section) || wanted in (heritage[section] ?? {});
  return wanted !== now && isTaken ? gettext("This key is taken.") : "";
}

function KeyField({ section, now }: { section: Section; now: string }) {
  const [typed, setTyped] = useState<string | null>(null);
  const wanted = (typed ?? now).trim();
  const error = keyError(wanted, now, section);
  const finish = (): void => {
    if (typed === null || error) return;
    setTyped(null);
    if (wanted === now) return;
    useEditor.getState().rekey(section, now, wanted);
    announce(gettext("Called {key} now, also where it is spoken of.", { key: wanted }));
  };
  return (
    <div className="type-key">
      <input
        className={error ? "form-control is-invalid" : "form-control"}
        aria-label={gettext("Key")}
        title={gettext("How formulas and documents mean it")}
        value={typed ?? now}
        maxLength={64}
        aria-invalid={error !== ""}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish();
          if (event.key === "Escape") setTyped(null);
        }}
      />
      {error && <p className="form-error">{error}</p>}
    </div>
  );
}

function Removal({ section, id }: { section: Section; id: string }) {
  const { change, open } = useEditor.getState();
  return (
    <button
      type="button"
      className="btn btn-outline-danger btn-sm"
      onClick={() => {
        change([section, id], undefined);
        open(section);
        announce(gettext("{key} is removed. Undo with Ctrl-Z.", { key: id }));
      }}
    >
      <Icon name="trash" />
      {gettext("Remove")}
    </button>
  );
}

function Overridden({ section, id, origin }: { section: Section; id: string; origin: string }) {
  const canEdit = useEditor((state) => state.canEdit);
  return (
    <>
      <span className="state state-planned">
        <Icon name="pencil" />
        <span>{gettext("Overrides {type}", { type: origin })}</span>
      </span>
      {canEdit && (
        <button
          type="button"
          className="btn btn-sm"
          onClick={() => {
            useEditor.getState().takeBack([section, id], []);
          }}
        >
          <Icon name="arrow-back-up" />
          {gettext("Take all back")}
        </button>
      )}
    </>
  );
}

/** Whether the element is the type's own, and what can be done about that. */
function Standing({ section, element }: { section: Section; element: Element }) {
  const canEdit = useEditor((state) => state.canEdit);
  const { key, inherited, standing } = element;
  if (standing === "own") return canEdit ? <Removal section={section} id={key} /> : null;
  const origin = inherited?.origin ?? "";
  if (standing === "overridden") return <Overridden section={section} id={key} origin={origin} />;
  return (
    <span className="state state-quiet">
      <Icon name="hierarchy-2" />
      <span>{gettext("Inherited from {type}", { type: origin })}</span>
    </span>
  );
}

/** The form of one element. */
export function ElementForm({ section, id }: { section: Section; id: string }) {
  const own = useEditor((state) => ownElements(state.document, section)[id]);
  const inherited = useEditor((state) => state.heritage[section]?.[id]);
  const canEdit = useEditor((state) => state.canEdit);
  const shown = useMemo(
    () => ({ base: [section, id], element: elementOf(own, inherited, id) }),
    [section, id, own, inherited],
  );
  const place = `${section}/${id}`;
  const wrong = useFindingsAt(place).filter((finding) => finding.place === place && section !== "alarms");
  const { element } = shown;
  if (own === undefined && inherited === undefined) return null;
  const isText = !isObject(element.value);
  return (
    <ShownElement value={shown}>
      <section className="type-form" aria-label={nameOf(section, element)}>
        <header className="type-form-head">
          <button
            type="button"
            className="bar-button type-back"
            onClick={() => {
              useEditor.getState().open(section);
            }}
          >
            <Icon name="chevron-left" />
            {formOf(section).label}
          </button>
          <h2>{nameOf(section, element)}</h2>
          {canEdit && element.standing === "own" && section !== "states" ? (
            <KeyField key={id} section={section} now={id} />
          ) : (
            <code>{id}</code>
          )}
          <div className="type-form-actions">
            <Standing section={section} element={element} />
          </div>
        </header>
        {!isText && <Faults findings={wrong} />}
        <div key={place} className="type-fields">
          <Fields fields={formOf(section).fields} />
        </div>
      </section>
    </ShownElement>
  );
}
