import { useState, type ReactNode } from "react";
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { inLanguage, type PropertyType } from "../model/catalogue.ts";
import { Choice } from "./Choice.tsx";
import type { Value } from "../model/document.ts";
import { Icon } from "../Icon.tsx";
import { TextField } from "./TextField.tsx";
import { boundsInWords, isNested, textOfValue, valueOf, wordsOfValue, wrongWith } from "../model/values.ts";

const language = document.documentElement.lang;

/** How a text of a format is written. */
const WRITTEN = {
  date: "2026-03-31",
  time: "14:30:00",
  "date-time": "2026-03-31T14:30:00Z",
  duration: "P1DT12H",
} as const;

interface Options {
  label: string;
  type: PropertyType;
  value: Value | null | undefined;
  save: (value: Value | null) => void;
  disabled: boolean;
  /** What stands where there is no value; the default when it is not said. */
  nothing?: string;
  /** What more there is to say of it. */
  note?: ReactNode;
  field?: string;
}

/** What a property can be, where it is not any text or number. */
function choicesOf(type: PropertyType): [string, string][] {
  if (type.type === "boolean")
    return [
      ["true", gettext("yes")],
      ["false", gettext("no")],
    ];
  return (type.choices ?? []).map((choice) => [choice, wordsOfValue(choice, type, language)]);
}

/** What holds where an asset says nothing. */
function defaultOf(type: PropertyType): string {
  return type.default == null ? "" : gettext("default: {value}", { value: wordsOfValue(type.default, type, language) });
}

function Help({ type, note, isEmpty }: { type: PropertyType; note: ReactNode; isEmpty: boolean }) {
  const bounds = boundsInWords(type);
  const words = [
    type.required && isEmpty && type.default == null ? gettext("Needed before publishing.") : "",
    bounds && `${bounds.charAt(0).toLocaleUpperCase(language)}${bounds.slice(1)}.`,
    type.format ? gettext("Written as in {example}.", { example: WRITTEN[type.format] }) : "",
  ].filter(Boolean);
  if (words.length === 0 && !note) return null;
  return (
    <>
      <span title={type.source ?? undefined}>{words.join(" ")}</span> {note}
    </>
  );
}

type NestedOptions = Pick<Options, "type" | "disabled"> & { save: (value: Value | null) => void };

function Remove({ words, run }: { words: string; run: () => void }) {
  return (
    <button type="button" className="btn btn-sm" aria-label={words} onClick={run}>
      <Icon name="x" />
    </button>
  );
}

function ObjectFields({ type, value, save, disabled }: NestedOptions & { value: Record<string, Value> }) {
  return Object.entries(type.fields ?? {}).map(([key, definition]) => (
    <PropertyField
      key={key}
      label={inLanguage(definition.name, language) || key.replaceAll("_", " ")}
      type={definition}
      value={value[key]}
      disabled={disabled}
      save={(part) => {
        const { [key]: _before, ...others } = value;
        const after = part === null ? others : { ...others, [key]: part };
        save(Object.keys(after).length > 0 ? after : null);
      }}
    />
  ));
}

function ListItems({ type, value, save, disabled }: NestedOptions & { value: Value[] }) {
  const item = type.of ?? { type: "text" };
  const put = (index: number, part: Value | null): void => {
    const after = part === null ? value.filter((_each, place) => place !== index) : value.with(index, part);
    save(after.length > 0 ? after : null);
  };
  return (
    <>
      {value.map((each, index) => (
        <div key={index} className="nested-row">
          <PropertyField
            label={gettext("Item {number}", { number: index + 1 })}
            type={item}
            value={each}
            disabled={disabled}
            save={(part) => {
              put(index, part);
            }}
          />
          {!disabled && (
            <Remove
              words={gettext("Remove item {number}", { number: index + 1 })}
              run={() => {
                put(index, null);
              }}
            />
          )}
        </div>
      ))}
      {!disabled && isNested(item) && (
        <button
          type="button"
          className="btn btn-sm"
          onClick={() => {
            save([...value, item.type === "array" ? [] : {}]);
          }}
        >
          <Icon name="plus" />
          {gettext("Add an item")}
        </button>
      )}
      {!disabled && !isNested(item) && (
        <PropertyField
          label={gettext("Another item")}
          type={item}
          value={null}
          disabled={false}
          save={(part) => {
            if (part !== null) save([...value, part]);
          }}
        />
      )}
    </>
  );
}

function MapEntries({ type, value, save, disabled }: NestedOptions & { value: Record<string, Value> }) {
  const [key, setKey] = useState("");
  const item = type.of ?? { type: "text" };
  const wanted = key.trim();
  const put = (name: string, part: Value | null): void => {
    const { [name]: _before, ...others } = value;
    const after = part === null ? others : { ...value, [name]: part };
    save(Object.keys(after).length > 0 ? after : null);
  };
  return (
    <>
      {Object.entries(value).map(([name, each]) => (
        <div key={name} className="nested-row">
          <PropertyField
            label={name}
            type={item}
            value={each}
            disabled={disabled}
            save={(part) => {
              put(name, part);
            }}
          />
          {!disabled && (
            <Remove
              words={gettext("Remove {name}", { name })}
              run={() => {
                put(name, null);
              }}
            />
          )}
        </div>
      ))}
      {!disabled && (
        <div className="nested-new">
          <input
            className="form-control"
            aria-label={gettext("Key of another entry")}
            placeholder={gettext("Another key")}
            maxLength={200}
            value={key}
            onChange={(event) => {
              setKey(event.target.value);
            }}
          />
        </div>
      )}
      {!disabled && wanted !== "" && value[wanted] === undefined && (
        <PropertyField
          label={gettext("Value of {name}", { name: wanted })}
          type={item}
          value={null}
          disabled={false}
          save={(part) => {
            if (part === null) return;
            put(wanted, part);
            setKey("");
          }}
        />
      )}
    </>
  );
}

function Nested({ label, type, value, save, disabled, note, field }: Options) {
  const parts = typeof value === "object" && value !== null ? value : undefined;
  const pairs = parts && !Array.isArray(parts) ? parts : {};
  const common = { type, save, disabled };
  return (
    <fieldset className="nested" data-field={field}>
      <legend>{label}</legend>
      <div className="form-note">
        <Help type={type} note={note} isEmpty={parts === undefined} />
      </div>
      {type.type === "array" && <ListItems {...common} value={Array.isArray(parts) ? parts : []} />}
      {type.type === "map" && <MapEntries {...common} value={pairs} />}
      {type.type === "object" && <ObjectFields {...common} value={pairs} />}
    </fieldset>
  );
}

/** The field of one property: a choice, a text or number with its unit, or the parts of a nested value. */
export function PropertyField(options: Options) {
  const { label, type, value, save, disabled, note, field, nothing = defaultOf(type) } = options;
  if (isNested(type)) return <Nested {...options} />;
  const help = <Help type={type} note={note} isEmpty={value == null} />;
  const marked = field === undefined ? {} : { field };
  const choices = choicesOf(type);
  const text = textOfValue(value);
  if (choices.length > 0)
    return (
      <Choice
        label={label}
        value={text}
        choices={text && !choices.some(([key]) => key === text) ? [...choices, [text, text]] : choices}
        choose={(wanted) => {
          save(valueOf(wanted, type));
        }}
        optional
        disabled={disabled}
        nothing={nothing || "–"}
        help={help}
        {...marked}
      />
    );
  return (
    <TextField
      label={label}
      value={text}
      unit={type.unit && symbol(type.unit)}
      disabled={disabled}
      placeholder={nothing}
      help={help}
      check={(wanted) => wrongWith(wanted, type)}
      save={(wanted) => {
        save(valueOf(wanted, type));
      }}
      {...marked}
    />
  );
}
