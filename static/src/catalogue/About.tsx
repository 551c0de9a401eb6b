import "./looks.css";
import "./section.css";
import { useId, useMemo, useState } from "react";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import names from "../icons.json";
import { Fields } from "./Control.tsx";
import { Input } from "./controls.tsx";
import { asText, isObject, type Json, type JsonObject } from "./document.ts";
import { Faults, ShownElement, useFindingsAt } from "./Frame.tsx";
import { element as elementOf } from "./inheritance.ts";
import { useTypeSuggestions } from "./lists.tsx";
import type { Field } from "./forms.ts";
import { extended, useEditor } from "./store.ts";
import { fitting, Suggest } from "./Suggest.tsx";

const IDENTITY: Field[] = [
  { path: ["name"], label: gettext("Name"), kind: "texts", required: true },
  {
    path: ["description"],
    label: gettext("Description"),
    kind: "texts",
    help: gettext("What kind of thing it is, in a sentence."),
  },
  {
    path: ["abstract"],
    label: gettext("Use"),
    kind: "tick",
    words: gettext("Abstract: other types extend it, and no asset is of it"),
  },
];
const REST: Field[] = [
  {
    path: ["source"],
    label: gettext("Source"),
    kind: "long",
    help: gettext("Where the definition is from, or what was assumed."),
  },
  {
    path: ["semantics", "dtdl"],
    label: "DTDL",
    kind: "text",
    help: gettext("Such as dtmi:example:Pump;1"),
    isExtra: true,
  },
  { path: ["semantics", "brick"], label: "Brick", kind: "text", help: gettext("Such as Water_Pump"), isExtra: true },
  {
    path: ["semantics", "eclass"],
    label: "ECLASS",
    kind: "text",
    help: gettext("Such as 0173-1#02-AAO677#002"),
    isExtra: true,
  },
];

/** The types that this one extends, in order: where two have the same, the first counts. */
function Extends() {
  const id = useId();
  const held = useEditor((state) => state.document["extends"]);
  const parents = useEditor((state) => state.parents);
  const canEdit = useEditor((state) => state.canEdit);
  const own = useEditor((state) => state.document["key"]);
  const suggestions = useTypeSuggestions();
  const findings = useFindingsAt("extends");
  const [typed, setTyped] = useState("");
  const { change } = useEditor.getState();
  const refs = extended({ extends: held ?? [] });
  const write = (next: string[]): void => {
    change(["extends"], next.length ? next : undefined);
  };
  const add = (ref: string): void => {
    setTyped("");
    if (ref.trim() && !refs.includes(ref.trim())) write([...refs, ref.trim()]);
  };
  return (
    <fieldset className="form-field type-field">
      <legend className="form-label">{gettext("Extends")}</legend>
      <ol className="type-parents">
        {refs.map((ref, index) => (
          <li key={ref} className={parents.get(ref) === null ? "type-parent-unknown" : ""}>
            <Icon name="hierarchy-2" />
            <code>{ref}</code>
            {canEdit && (
              <>
                <button
                  type="button"
                  className="btn btn-icon btn-sm"
                  disabled={index === 0}
                  aria-label={gettext("Move {name} up", { name: ref })}
                  onClick={() => {
                    const next = [...refs];
                    next.splice(index - 1, 0, ...next.splice(index, 1));
                    write(next);
                  }}
                >
                  <Icon name="arrow-up" />
                </button>
                <button
                  type="button"
                  className="btn btn-icon btn-sm"
                  aria-label={gettext("Take {name} out", { name: ref })}
                  onClick={() => {
                    write(refs.filter((each) => each !== ref));
                  }}
                >
                  <Icon name="x" />
                </button>
              </>
            )}
          </li>
        ))}
      </ol>
      {canEdit && (
        <Suggest
          id={id}
          label={gettext("Another type to extend")}
          value={typed}
          write={setTyped}
          choose={add}
          enter={() => {
            add(typed);
          }}
          suggest={(text) =>
            fitting(
              suggestions.filter((each) => !refs.includes(each.value) && !each.value.startsWith(`${asText(own)}@`)),
              text,
            )
          }
          place="extends"
          placeholder={gettext("Name of a type…")}
          isWrong={findings.length > 0}
          most={100}
        />
      )}
      <Faults findings={findings} />
      <p className="form-note">
        {gettext(
          "It has all that these have, and may narrow it. Each names one version; a newer one changes nothing here.",
        )}
      </p>
    </fieldset>
  );
}

function IconPicker({
  value,
  choose,
  isReadOnly,
}: {
  value: string;
  choose: (icon: string) => void;
  isReadOnly: boolean;
}) {
  const [wanted, setWanted] = useState("");
  const [isOpen, setOpen] = useState(false);
  const found = names.filter((name) => name.includes(wanted.trim().toLowerCase()));
  return (
    <div className="type-icons">
      <div className="type-row">
        <span className="type-icon-now">
          <Icon name={names.includes(value) ? value : "box"} />
          <code>{value || gettext("none")}</code>
        </span>
        {!isReadOnly && (
          <button
            type="button"
            className="btn"
            aria-expanded={isOpen}
            data-place="appearance"
            onClick={() => {
              setOpen(!isOpen);
            }}
          >
            {isOpen ? gettext("Close") : gettext("Choose an icon")}
          </button>
        )}
      </div>
      {isOpen && (
        <>
          <input
            type="search"
            className="form-control"
            autoFocus
            placeholder={gettext("Find an icon")}
            aria-label={gettext("Find an icon")}
            value={wanted}
            onChange={(event) => {
              setWanted(event.target.value);
            }}
          />
          <div className="type-icon-grid" role="group" aria-label={gettext("Icons")}>
            {found.map((name) => (
              <button
                key={name}
                type="button"
                title={name}
                aria-label={name}
                aria-pressed={name === value}
                onClick={() => {
                  choose(name);
                }}
              >
                <Icon name={name} />
              </button>
            ))}
          </div>
          {found.length === 0 && <p className="form-note">{gettext("No icon has this in its name.")}</p>}
        </>
      )}
    </div>
  );
}

interface LookOptions {
  id: string;
  said: JsonObject;
  isReadOnly: boolean;
  set: (field: string, value: Json | undefined) => void;
}

function Colour({ id, said, isReadOnly, set }: LookOptions) {
  const colour = asText(said["colour"]);
  return (
    <div className="type-row">
      <label className="form-label" htmlFor={`${id}-colour`}>
        {gettext("Colour")}
      </label>
      <input
        id={`${id}-colour`}
        type="color"
        className="type-colour"
        value={/^#[0-9a-f]{6}$/.test(colour) ? colour : "#6b7785"}
        disabled={isReadOnly}
        data-place="appearance/colour"
        onChange={(event) => {
          set("colour", event.target.value);
        }}
      />
      <code>{colour || gettext("none")}</code>
      {!isReadOnly && colour && (
        <button
          type="button"
          className="btn btn-sm"
          onClick={() => {
            set("colour", undefined);
          }}
        >
          {gettext("No colour")}
        </button>
      )}
    </div>
  );
}

/** Where the looks come from: they are inherited as a whole, and overridden so. */
function LooksFrom({ origin, isOwn, isReadOnly }: { origin: string; isOwn: boolean; isReadOnly: boolean }) {
  return (
    <p className={`type-origin ${isOwn ? "type-overridden" : ""}`}>
      <Icon name={isOwn ? "pencil" : "hierarchy-2"} />
      <span>
        {isOwn
          ? gettext("Overrides what {type} says", { type: origin })
          : gettext("Inherited from {type}", { type: origin })}
      </span>
      {isOwn && !isReadOnly && (
        <button
          type="button"
          className="type-quiet"
          onClick={() => {
            useEditor.getState().change(["appearance"], undefined);
          }}
        >
          <Icon name="arrow-back-up" />
          {gettext("Take back")}
          <span className="visually-hidden"> {gettext("Appearance")}</span>
        </button>
      )}
    </p>
  );
}

/** How it is drawn. What a type says of this takes the place of all that it inherits. */
function Appearance() {
  const id = useId();
  const own = useEditor((state) => state.document["appearance"]);
  const inherited = useEditor((state) => state.heritage["appearance"]?.[""]);
  const isReadOnly = useEditor((state) => !state.canEdit);
  const findings = useFindingsAt("appearance");
  const shown = own ?? inherited?.value;
  const said: JsonObject = isObject(shown) ? shown : {};
  const set = (field: string, value: Json | undefined): void => {
    const { [field]: _before, ...others }: JsonObject = { icon: "box", ...said };
    useEditor.getState().change(["appearance"], value === undefined ? others : { ...others, [field]: value });
  };
  return (
    <fieldset className={`form-field type-field ${own === undefined && inherited ? "type-inherited" : ""}`}>
      <legend className="form-label">{gettext("Appearance")}</legend>
      <IconPicker
        value={asText(said["icon"])}
        isReadOnly={isReadOnly}
        choose={(icon) => {
          set("icon", icon);
        }}
      />
      <Colour id={id} said={said} isReadOnly={isReadOnly} set={set} />
      <label className="form-label" htmlFor={id}>
        {gettext("Shape in the scene")}
      </label>
      <Input
        options={{ id, isReadOnly, describedBy: `${id}-note`, findings }}
        value={asText(said["shape"])}
        place="appearance/shape"
        most={200}
        placeholder="pump.glb"
        write={(text) => {
          set("shape", text || undefined);
        }}
      />
      <div id={`${id}-note`}>
        <Faults findings={findings} />
      </div>
      {inherited && <LooksFrom origin={inherited.origin} isOwn={own !== undefined} isReadOnly={isReadOnly} />}
    </fieldset>
  );
}

/** What the type is: its name, what it extends, how it is drawn. */
export function About() {
  const document = useEditor((state) => state.document);
  const shown = useMemo(() => ({ base: [], element: elementOf(document, undefined, "") }), [document]);
  const findings = useEditor((state) => state.findings);
  const general = findings.filter(
    (finding) => finding.place === "" || ["key", "version", "extra"].includes(finding.place),
  );
  return (
    <ShownElement value={shown}>
      <div className="type-about">
        <section aria-label={gettext("About the type")}>
          <h2>{gettext("About the type")}</h2>
          <p className="form-note">
            {gettext("Key")} <code>{asText(document["key"])}</code>
          </p>
          <Faults findings={general} />
          <Fields fields={IDENTITY} />
          <Fields fields={REST} />
        </section>
        <section aria-label={gettext("Ancestors and looks")}>
          <Extends />
          <Appearance />
        </section>
      </div>
    </ShownElement>
  );
}
