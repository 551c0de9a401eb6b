import { useContext, useMemo, useState } from "react";
import { gettext } from "../common/gettext.ts";
import { symbol } from "../common/units.ts";
import { Icon } from "../composer/Icon.tsx";
import { asText, inLanguage, isObject, ownElements, type Json } from "./document.ts";
import { ShownElement, type ControlOptions } from "./Frame.tsx";
import { whole } from "./inheritance.ts";
import { STATES } from "./sections.ts";
import { useEditor, type KnownType } from "./store.ts";
import { fitting, Suggest, type Suggestion } from "./Suggest.tsx";

const language = typeof document === "undefined" ? "en" : document.documentElement.lang || "en";

/** The texts of a list; none of anything else. */
export const texts = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(asText) : []);

/** Several texts, each with a way out, and a field for the next. */
function Chips({
  options,
  suggestions,
  words,
}: {
  options: ControlOptions;
  suggestions: Suggestion[];
  words: (value: string) => string;
}) {
  const { id, value, change, place, isReadOnly, describedBy, findings, field } = options;
  const [typed, setTyped] = useState("");
  const held = texts(value);
  const add = (text: string): void => {
    const wanted = text.trim();
    if (wanted && !held.includes(wanted)) change([...held, wanted]);
    setTyped("");
  };
  return (
    <>
      {held.length > 0 && (
        <ul className="type-chips">
          {held.map((each) => (
            <li key={each} className="chip">
              <span>{words(each)}</span>
              {!isReadOnly && (
                <button
                  type="button"
                  aria-label={gettext("Take {name} out", { name: words(each) })}
                  onClick={() => {
                    const left = held.filter((other) => other !== each);
                    change(left.length ? left : undefined);
                  }}
                >
                  <Icon name="x" />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {!isReadOnly && (
        <Suggest
          id={id}
          value={typed}
          write={setTyped}
          choose={add}
          enter={() => {
            add(typed);
          }}
          suggest={(text) =>
            fitting(
              suggestions.filter((each) => !held.includes(each.value)),
              text,
            )
          }
          place={place}
          placeholder={gettext("Add…")}
          isWrong={findings.length > 0}
          describedBy={describedBy}
          most={200}
        />
      )}
      {isReadOnly && held.length === 0 && <p id={id}>{gettext("{field}: nothing", { field: field.label })}</p>}
    </>
  );
}

/** What may pass, or what can be chosen: short texts, with those that other types have to choose from. */
export function SlugsControl(options: ControlOptions) {
  const types = useEditor((state) => state.types);
  const isMedium = options.field.path[0] === "accepts";
  const media = useMemo(() => {
    const found = types.flatMap((type) => Object.values(type.ports ?? {}).flatMap((port) => port.accepts));
    return isMedium ? [...new Set(found)].sort().map((value) => ({ value, label: value })) : [];
  }, [types, isMedium]);
  return <Chips options={options} suggestions={media} words={(value) => value} />;
}

export function RolesControl(options: ControlOptions) {
  const roles = useEditor((state) => state.roles);
  const words = new Map(roles);
  const suggestions = roles.map(([value, label]) => ({ value, label }));
  return <Chips options={options} suggestions={suggestions} words={(value) => words.get(value) ?? value} />;
}

/** The newest version of each type, by key. */
export function newest(types: readonly KnownType[]): KnownType[] {
  const found = new Map<string, KnownType>();
  for (const type of types) if ((found.get(type.key)?.version ?? 0) < type.version) found.set(type.key, type);
  return [...found.values()];
}

export function TypeKeysControl(options: ControlOptions) {
  const types = useEditor((state) => state.types);
  const known = newest(types).map((type) => ({
    value: type.key,
    label: inLanguage(type.name, language) || type.key,
    detail: type.key,
  }));
  const words = new Map(known.map(({ value, label }) => [value, label]));
  return <Chips options={options} suggestions={known} words={(value) => words.get(value) ?? value} />;
}

/** The types that can be named, newest version first. */
export function useTypeSuggestions(): Suggestion[] {
  const types = useEditor((state) => state.types);
  return useMemo(
    () =>
      [...types]
        .filter((type) => !type.deprecated)
        .sort((one, other) => one.key.localeCompare(other.key) || other.version - one.version)
        .map((type) => ({
          value: `${type.key}@${type.version}`,
          label: `${inLanguage(type.name, language) || type.key} ${type.version}`,
          detail: `${type.key}@${type.version}${type.abstract ? ` · ${gettext("abstract")}` : ""}`,
        })),
    [types],
  );
}

export function TypeControl({ id, value, change, place, isReadOnly, describedBy, findings }: ControlOptions) {
  const suggestions = useTypeSuggestions();
  const write = (text: string): void => {
    change(text);
  };
  return (
    <Suggest
      id={id}
      value={asText(value)}
      write={write}
      choose={write}
      suggest={(text) => fitting(suggestions, text)}
      place={place}
      placeholder={gettext("Name of a type")}
      isReadOnly={isReadOnly}
      isWrong={findings.length > 0}
      describedBy={describedBy}
      most={100}
    />
  );
}

export function UnitControl({ id, value, change, place, isReadOnly, describedBy, findings }: ControlOptions) {
  const units = useEditor((state) => state.units);
  const suggestions = useMemo(
    () =>
      units.map(({ code, name, quantity }) => ({
        value: code,
        label: code,
        detail: [symbol(code) === code ? "" : symbol(code), name, quantity].filter(Boolean).join(" · "),
      })),
    [units],
  );
  return (
    <Suggest
      id={id}
      value={asText(value)}
      write={(text) => {
        change(text || undefined);
      }}
      choose={change}
      suggest={(text) => fitting(suggestions, text)}
      place={place}
      placeholder={gettext("such as bar, Cel, m3/h, {rpm}")}
      isReadOnly={isReadOnly}
      isWrong={findings.some((each) => each.severity !== "hint")}
      describedBy={describedBy}
      most={200}
    />
  );
}

/** The keys of some sections of the type, with what people call them. */
function useKeys(options: ControlOptions): Suggestion[] {
  const document = useEditor((state) => state.document);
  const from = useEditor((state) => state.heritage);
  const { element } = useContext(ShownElement);
  const all = whole(document, from);
  return (options.field.from ?? []).flatMap((section) =>
    Object.entries(ownElements(all, section))
      .filter(([key]) => !(section === "alarms" && key === element.key))
      .map(([key, part]) => ({
        value: key,
        label: key,
        detail: isObject(part) ? inLanguage(part["name"], language) : "",
      })),
  );
}

export function KeysControl(options: ControlOptions) {
  const known = useKeys(options);
  return <Chips options={options} suggestions={known} words={(value) => value} />;
}

export function KeyControl(options: ControlOptions) {
  const known = useKeys(options);
  const { id, value, change, place, isReadOnly, describedBy, findings } = options;
  return (
    <Suggest
      id={id}
      value={asText(value)}
      write={(text) => {
        change(text || undefined);
      }}
      choose={change}
      suggest={(text) => fitting(known, text)}
      place={place}
      isReadOnly={isReadOnly}
      isWrong={findings.length > 0}
      describedBy={describedBy}
      most={64}
    />
  );
}

export function StatesControl({ value, change, place, isReadOnly }: ControlOptions) {
  const held = texts(value);
  return (
    <div className="type-ticks">
      {STATES.map(([state, words], index) => (
        <label key={state} className="form-check">
          <input
            type="checkbox"
            className="form-check-input"
            checked={held.includes(state)}
            disabled={isReadOnly}
            data-place={index === 0 ? place : undefined}
            onChange={(event) => {
              const next = event.target.checked ? [...held, state] : held.filter((each) => each !== state);
              change(next.length ? next : undefined);
            }}
          />
          <span className="form-check-label">{words}</span>
        </label>
      ))}
    </div>
  );
}
