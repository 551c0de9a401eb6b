import { useContext, useState, type ReactNode } from "react";
import { gettext } from "../common/gettext.ts";
import { symbol } from "../common/units.ts";
import { ChoiceControl, DecimalControl, DurationControl } from "./controls.tsx";
import {
  asText,
  inLanguage,
  isObject,
  ownElements,
  valueAt,
  withValue,
  type Json,
  type JsonObject,
} from "./document.ts";
import { FormulaControl } from "./FormulaControl.tsx";
import { Faults, ShownElement, useFindingsAt, type ControlOptions } from "./Frame.tsx";
import { BEFORE, counted, indicator, stateIn, type Counted, type CountedKind } from "./indicators.ts";
import { whole } from "./inheritance.ts";
import type { Field } from "./forms.ts";
import { STATES } from "./sections.ts";
import { useEditor } from "./store.ts";

const language = typeof document === "undefined" ? "en" : document.documentElement.lang || "en";

const CONDITIONS: [string, string][] = [
  ["when", gettext("an expression holds")],
  ["above", gettext("a signal is above a limit")],
  ["below", gettext("a signal is below a limit")],
  ["rising", gettext("a signal rises too fast")],
  ["falling", gettext("a signal falls too fast")],
  ["silent", gettext("a signal is silent for too long")],
];

/** The signals of the type, derived ones too, with what people call them. */
function useSignals(): { choices: [string, string][]; unitOf: (key: string) => string } {
  const document = useEditor((state) => state.document);
  const from = useEditor((state) => state.heritage);
  const all = whole(document, from);
  const found = { ...ownElements(all, "signals"), ...ownElements(all, "derived") };
  return {
    choices: Object.entries(found).map(([key, part]) => {
      const name = isObject(part) ? inLanguage(part["name"], language) : "";
      return [key, name ? `${key} – ${name}` : key];
    }),
    unitOf: (key) => {
      const part = found[key];
      return isObject(part) ? symbol(asText(part["unit"])) : "";
    },
  };
}

const firstValue = (kind: string): Json => (kind === "when" ? "" : kind === "silent" ? "PT5M" : "0");

/** The alarm with another kind of condition, which takes the place of the one it had. */
function withCondition(own: JsonObject, kind: string): JsonObject {
  const others = new Set(CONDITIONS.map(([each]) => each).filter((each) => each !== kind));
  if (kind === "when") others.add("signal");
  const kept = Object.entries(own).filter(([key]) => !others.has(key));
  return { ...Object.fromEntries(kept), [kind]: own[kind] ?? firstValue(kind) };
}

/** The fields of a condition of some kind on a signal. */
function partsOf(kind: string, signals: ReturnType<typeof useSignals>, signal: string): [Field, Show][] {
  const unit = signals.unitOf(signal);
  const named: [Field, Show] = [
    { path: ["signal"], label: gettext("Signal"), kind: "choice", choices: signals.choices, required: true },
    ChoiceControl,
  ];
  switch (kind) {
    case "when":
      return [
        [
          { path: ["when"], label: gettext("Expression"), kind: "formula", names: "all", required: true },
          FormulaControl,
        ],
      ];
    case "above":
    case "below":
      return [named, [{ path: [kind], label: gettext("Limit"), kind: "decimal", words: unit }, DecimalControl]];
    case "rising":
    case "falling":
      return [
        named,
        [
          { path: [kind], label: gettext("Change per second"), kind: "decimal", words: `${unit || "1"}/s` },
          DecimalControl,
        ],
      ];
    case "silent":
      return [named, [{ path: [kind], label: gettext("No reading for"), kind: "duration" }, DurationControl]];
    default:
      return [];
  }
}

/** What makes an alarm rise: an expression, or one of the usual conditions on a signal. */
export function ConditionControl(options: ControlOptions) {
  const { base, element } = useContext(ShownElement);
  const { override, replace } = useEditor.getState();
  const signals = useSignals();
  const said: JsonObject = isObject(element.value) ? element.value : {};
  const kind = CONDITIONS.find(([each]) => said[each] != null)?.[0] ?? "";
  const place = base.join("/");
  const wrong = useFindingsAt(place).filter((finding) => finding.place === place);
  return (
    <div className="type-condition">
      <select
        className="form-select"
        aria-label={gettext("Kind of condition")}
        value={kind}
        disabled={options.isReadOnly || element.standing !== "own"}
        data-place={place}
        onChange={(event) => {
          const { document } = useEditor.getState();
          const own = isObject(element.own) ? element.own : {};
          replace(withValue(document, base, withCondition(own, event.target.value)) as typeof document, "");
        }}
      >
        {!kind && <option value="">–</option>}
        {CONDITIONS.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
      {partsOf(kind, signals, asText(said["signal"])).map(([field, show]) => (
        <Labelled
          key={field.path.join("/")}
          show={show}
          options={{
            ...options,
            id: `${options.id}-${field.path.join("-")}`,
            field,
            value: valueAt(said, field.path),
            path: field.path,
            place: `${place}/${field.path.join("/")}`,
            change: (value) => {
              override(base, field.path, value);
            },
          }}
        />
      ))}
      <Faults findings={wrong} />
    </div>
  );
}

type Show = (options: ControlOptions) => ReactNode;

/** One part of a rule, with its label and what is wrong with it. */
function Labelled({ options, show: Shown }: { options: ControlOptions; show: Show }) {
  const findings = useFindingsAt(options.place);
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={options.id}>
        {options.field.label}
      </label>
      <Shown {...options} findings={findings} />
      {options.field.kind !== "formula" && <Faults findings={findings} />}
    </div>
  );
}

interface PickOptions {
  label: string;
  value: string;
  choices: [string, string][];
  choose: (value: string) => void;
  isReadOnly: boolean;
  place?: string | undefined;
}

function Pick({ label, value, choices, choose, isReadOnly, place }: PickOptions) {
  return (
    <select
      className="form-select"
      aria-label={label}
      value={value}
      disabled={isReadOnly}
      data-place={place}
      onChange={(event) => {
        choose(event.target.value);
      }}
    >
      {choices.every(([each]) => each !== value) && <option value={value}>{value || "–"}</option>}
      {choices.map(([each, words]) => (
        <option key={each} value={each}>
          {words}
        </option>
      ))}
    </select>
  );
}

interface TimeOptions {
  options: ControlOptions;
  now: Counted;
  /** The state that is shown to choose from; null where a condition is written. */
  known: ReturnType<typeof stateIn>;
  write: (condition: string) => void;
  /** Choose between a state and a condition. */
  choose: (isCondition: boolean) => void;
}

/** Which time counts: that in a state or out of it, or that in which a condition holds. */
function TimeControl({ options, now, known, write, choose }: TimeOptions) {
  return (
    <>
      <Pick
        label={gettext("Which time")}
        value={known ? known.not : "condition"}
        choices={[
          ["", gettext("in which it is")],
          ["not ", gettext("in which it is not")],
          ["condition", gettext("in which a condition holds")],
        ]}
        choose={(which) => {
          choose(which === "condition");
          if (which !== "condition") write(which + (stateIn(now.condition)?.state ?? "down"));
        }}
        isReadOnly={options.isReadOnly}
      />
      {known ? (
        <Pick
          label={gettext("State")}
          value={known.state}
          choices={STATES}
          choose={(state) => {
            write(known.not + state);
          }}
          isReadOnly={options.isReadOnly}
        />
      ) : (
        <Labelled
          show={FormulaControl}
          options={{
            ...options,
            id: `${options.id}-condition`,
            field: { path: [], label: gettext("Condition"), kind: "formula", names: "all", required: true },
            before: BEFORE[now.kind],
            value: now.condition,
            change: (value) => {
              write(asText(value));
            },
          }}
        />
      )}
    </>
  );
}

/** What an outcome is counted by, put together from its parts. */
export function IndicatorControl(options: ControlOptions) {
  const { value, change, place, isReadOnly, findings } = options;
  const signals = useSignals();
  // Where a condition is being written: it may be the name of a state on its way.
  const [written, setWritten] = useState("");
  const now = counted(asText(value), signals.choices[0]?.[0]);
  const known = written === place ? null : stateIn(now.condition);
  const isFormula = now.kind !== "increase" && known === null;
  const set = (next: Partial<Counted>): void => {
    change(indicator({ ...now, ...next }));
  };
  return (
    <div className="type-indicator">
      <Pick
        label={gettext("What is counted")}
        value={now.kind}
        choices={[
          ["share", gettext("the share of time")],
          ["time", gettext("the time")],
          ["increase", gettext("the increase of a signal")],
        ]}
        choose={(kind) => {
          set({ kind: kind as CountedKind });
        }}
        isReadOnly={isReadOnly}
        place={isFormula ? undefined : place}
      />
      {now.kind === "increase" ? (
        <Pick
          label={gettext("Signal")}
          value={now.signal}
          choices={signals.choices}
          choose={(signal) => {
            set({ signal });
          }}
          isReadOnly={isReadOnly}
        />
      ) : (
        <TimeControl
          options={options}
          now={now}
          known={known}
          write={(condition) => {
            set({ condition });
          }}
          choose={(isCondition) => {
            setWritten(isCondition ? place : "");
          }}
        />
      )}
      {!isFormula && <Faults findings={findings} />}
    </div>
  );
}
