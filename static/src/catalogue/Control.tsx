import { useContext, useState, type ReactNode } from "react";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { AddRow } from "./AddRow.tsx";
import {
  ChoiceControl,
  CountControl,
  CountsControl,
  DecimalControl,
  DurationControl,
  Fault,
  LongControl,
  RangeControl,
  TextControl,
  TextsControl,
  TickControl,
  useBounded,
} from "./controls.tsx";
import { asText, inLanguage, isObject, keyFrom, valueAt, type JsonObject, type Path } from "./document.ts";
import { FormulaControl } from "./FormulaControl.tsx";
import { Frame, ShownElement, useFindingsAt, type ControlOptions } from "./Frame.tsx";
import { readJson } from "./json.ts";
import {
  KeyControl,
  KeysControl,
  RolesControl,
  SlugsControl,
  StatesControl,
  TypeControl,
  TypeKeysControl,
  UnitControl,
} from "./lists.tsx";
import { AmountsControl, OptionsControl } from "./tables.tsx";
import { ConditionControl, IndicatorControl } from "./rules.tsx";
import type { Field } from "./forms.ts";
import { useEditor } from "./store.ts";

const language = typeof document === "undefined" ? "en" : document.documentElement.lang || "en";

const CONTROLS: Record<Exclude<Field["kind"], "options" | "items" | "part">, (options: ControlOptions) => ReactNode> = {
  texts: TextsControl,
  text: TextControl,
  long: LongControl,
  decimal: DecimalControl,
  count: CountControl,
  range: RangeControl,
  counts: CountsControl,
  duration: DurationControl,
  unit: UnitControl,
  choice: ChoiceControl,
  tick: TickControl,
  formula: FormulaControl,
  slugs: SlugsControl,
  roles: RolesControl,
  keys: KeysControl,
  key: KeyControl,
  states: StatesControl,
  amounts: AmountsControl,
  value: ValueControl,
  type: TypeControl,
  "type-keys": TypeKeysControl,
  condition: ConditionControl,
  indicator: IndicatorControl,
};

/** The usual value of a property: by the kind of the property, a number, a choice, a text, or JSON for what is nested. */
function ValueControl(options: ControlOptions) {
  const kind = isObject(options.beside) ? asText(options.beside["type"]) : "";
  const choices = isObject(options.beside) && Array.isArray(options.beside["choices"]) ? options.beside["choices"] : [];
  if (kind === "boolean") return <TruthControl {...options} />;
  if (kind === "integer") return <CountControl {...options} />;
  if (kind === "number" || kind === "") return <DecimalControl {...options} />;
  if (kind !== "text") return <JsonControl {...options} />;
  if (choices.length === 0) return <TextControl {...options} />;
  const offered = choices.map((choice): [string, string] => [asText(choice), asText(choice)]);
  return <ChoiceControl {...options} field={{ ...options.field, choices: offered }} />;
}

function TruthControl(options: ControlOptions) {
  const { value, change, field } = options;
  const choices: [string, string][] = [
    ["true", gettext("yes")],
    ["false", gettext("no")],
  ];
  return (
    <ChoiceControl
      {...options}
      field={{ ...field, choices }}
      value={typeof value === "boolean" ? String(value) : value}
      change={(text) => {
        change(text === undefined ? undefined : text === "true");
      }}
    />
  );
}

function JsonControl({ id, value, change, place, isReadOnly, describedBy }: ControlOptions) {
  const [typed, setTyped] = useState<string | null>(null);
  const { text, fault, write } = useBounded(
    typed ?? (value === undefined ? "" : JSON.stringify(value)),
    4000,
    (given) => {
      setTyped(given);
      const read = readJson(given);
      if (!given.trim()) change(undefined);
      else if (!read.fault) change(read.value);
    },
  );
  const read = typed?.trim() ? readJson(typed).fault : null;
  return (
    <>
      <textarea
        id={id}
        className="form-control type-code"
        rows={2}
        value={text}
        readOnly={isReadOnly}
        data-place={place}
        placeholder='{"width": "1.5"}'
        aria-describedby={describedBy}
        onChange={(event) => {
          write(event.target.value);
        }}
        onBlur={() => {
          if (!read) setTyped(null);
        }}
      />
      <Fault id={`${id}-fault`} text={fault || read?.message || ""} />
    </>
  );
}

/** What is nested in a field, by key. */
function ItemsControl({
  options,
  path,
  items,
}: {
  options: ControlOptions;
  path: Path;
  items: NonNullable<Field["items"]>;
}) {
  const { value, change, place, isReadOnly } = options;
  const held: JsonObject = isObject(value) ? value : {};
  return (
    <div className="type-nested">
      {Object.entries(held).map(([each, part]) => (
        <details key={each} className="type-item">
          <summary>
            <code>{each}</code> <span>{isObject(part) ? inLanguage(part["name"], language) : ""}</span>
            <NestedMark place={`${place}/${each}`} />
          </summary>
          <Fields fields={items.fields} prefix={[...path, each]} />
          {!isReadOnly && (
            <button
              type="button"
              className="btn btn-outline-danger btn-sm"
              onClick={() => {
                const left = Object.entries(held).filter(([other]) => other !== each);
                change(left.length ? Object.fromEntries(left) : undefined);
              }}
            >
              <Icon name="trash" />
              {gettext("Remove {name}", { name: each })}
            </button>
          )}
        </details>
      ))}
      {!isReadOnly && (
        <AddRow
          label={gettext("Name of the new {thing}", { thing: items.one })}
          placeholder={gettext("Name")}
          words={items.add}
          place={place}
          most={200}
          fits={(name) => keyFrom(name) !== "" && !(keyFrom(name) in held)}
          add={(name) => {
            change({ ...held, [keyFrom(name)]: { name: { en: name }, type: "number" } });
          }}
        />
      )}
    </div>
  );
}

function NestedMark({ place }: { place: string }) {
  const findings = useFindingsAt(place);
  if (findings.length === 0) return null;
  return (
    <span className="type-mark">
      <Icon name="alert-circle" />
      <span className="visually-hidden">{gettext("Something is wrong here.")}</span>
    </span>
  );
}

/** One value that is nested in a field. */
function PartControl({
  options,
  path,
  items,
}: {
  options: ControlOptions;
  path: Path;
  items: NonNullable<Field["items"]>;
}) {
  const { value, change, place, isReadOnly } = options;
  if (!isObject(value))
    return isReadOnly ? null : (
      <button
        type="button"
        className="btn"
        data-place={place}
        onClick={() => {
          change({ type: "number" });
        }}
      >
        <Icon name="plus" />
        {items.add}
      </button>
    );
  return (
    <div className="type-nested">
      <Fields fields={items.fields.filter((field) => field.kind !== "tick")} prefix={path} />
    </div>
  );
}

function Control({ options, path }: { options: ControlOptions; path: Path }) {
  const { field, beside } = options;
  const { base } = useContext(ShownElement);
  const { override } = useEditor.getState();
  if (field.kind === "items" && field.items) return <ItemsControl options={options} path={path} items={field.items} />;
  if (field.kind === "part" && field.items) return <PartControl options={options} path={path} items={field.items} />;
  if (field.kind === "options") {
    const names = isObject(beside) ? beside["choice_names"] : undefined;
    return (
      <OptionsControl
        {...options}
        names={isObject(names) ? names : {}}
        rename={(next) => {
          override(base, [...path.slice(0, -1), "choice_names"], next);
        }}
      />
    );
  }
  const Known = CONTROLS[field.kind as keyof typeof CONTROLS];
  return <Known {...options} />;
}

/** One field of the element that is shown, or of what is nested in it. */
export function FieldRow({ field, prefix }: { field: Field; prefix: Path }) {
  const { base, element } = useContext(ShownElement);
  const canEdit = useEditor((state) => state.canEdit);
  const { override } = useEditor.getState();
  const path = [...prefix, ...field.path];
  const beside = valueAt(element.value, prefix) ?? {};
  const value = valueAt(element.value, path);
  // What should not be there is shown all the same, so that it can be seen what is wrong, and taken out.
  if (field.when && !field.when(beside) && value === undefined) return null;
  return (
    <Frame field={field} path={path} isTop={prefix.length === 0}>
      {(frame) => (
        <Control
          path={path}
          options={{
            ...frame,
            field,
            beside,
            path,
            value: value ?? field.usual,
            isReadOnly: !canEdit,
            change: (value) => {
              override(base, path, value);
            },
          }}
        />
      )}
    </Frame>
  );
}

/** Fields below one another; what few need is folded away. */
export function Fields({ fields, prefix = [] }: { fields: readonly Field[]; prefix?: Path }) {
  const { base, element } = useContext(ShownElement);
  const extra = fields.filter((field) => field.isExtra);
  const isSaid = extra.some((field) => valueAt(element.value, [...prefix, ...field.path]) !== undefined);
  const findings = useEditor((state) => state.findings);
  const places = extra.map((field) => [...base, ...prefix, ...field.path].join("/"));
  const isWrong = findings.some((finding) => places.some((place) => finding.place.startsWith(place)));
  return (
    <>
      {fields
        .filter((field) => !field.isExtra)
        .map((field) => (
          <FieldRow key={field.path.join("/") || field.kind} field={field} prefix={prefix} />
        ))}
      {extra.length > 0 && (
        <details className="type-extra" open={isSaid || isWrong}>
          <summary>{gettext("More")}</summary>
          {extra.map((field) => (
            <FieldRow key={field.path.join("/")} field={field} prefix={prefix} />
          ))}
        </details>
      )}
    </>
  );
}
