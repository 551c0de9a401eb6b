import { useId, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import type { Binding } from "../model/document.ts";
import { useComposer } from "../store.ts";
import { useAsked, useSettled } from "./asking.ts";
import type { Keys, Sample, Transform, Wrong } from "./keys.ts";
import { figure, isDecimal, rebound, transformOf, wrongAt } from "./plan.ts";
import { Spark } from "./Spark.tsx";

const language = document.documentElement.lang;

type Field = "scale" | "offset" | "unit" | "expression";
type Form = Record<Field, string>;

function formOf({ scale, offset, unit, expression }: Binding): Form {
  return { scale: scale ?? "", offset: offset ?? "", unit: unit ?? "", expression: expression ?? "" };
}

interface FieldOptions {
  label: string;
  value: string;
  write: (text: string) => void;
  help: string;
  wrong: { message: string; span: [number, number] | null } | null;
  longest?: number;
}

function TransformField({ label, value, write, help, wrong, longest = 64 }: FieldOptions) {
  const id = useId();
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={wrong ? "form-control is-invalid" : "form-control"}
        autoComplete="off"
        spellCheck={false}
        maxLength={longest}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-note`}
        value={value}
        onChange={(event) => {
          write(event.target.value);
        }}
      />
      <div id={`${id}-note`} className={wrong ? "form-error form-error-at" : "form-note"}>
        {wrong?.span && (
          <code>
            {value.slice(0, wrong.span[0])}
            <mark>{value.slice(...wrong.span)}</mark>
            {value.slice(wrong.span[1])}
          </code>
        )}
        {wrong ? wrong.message : help}
      </div>
    </div>
  );
}

function Charts({ sample, unit }: { sample: Sample; unit: string }) {
  const sent = sample.sent.map(({ value }) => value);
  const made = sample.made ?? [];
  if (sent.length === 0) return <p className="composer-hint">{gettext("No value of this key is known yet.")}</p>;
  const missing = made.filter((value) => value === null).length;
  const charts: [string, (number | null)[]][] = [
    [gettext("as sent"), sent],
    [gettext("as it becomes, in {unit}", { unit: symbol(unit) || "1" }), made],
  ];
  return (
    <>
      <div className="before-after">
        {charts.map(([words, values]) => {
          const known = values.filter((value): value is number => value !== null);
          const range = { low: figure(Math.min(...known), language), high: figure(Math.max(...known), language) };
          return (
            <figure key={words}>
              <figcaption>{words}</figcaption>
              <Spark
                values={values}
                width={120}
                height={48}
                words={known.length ? gettext("Values from {low} to {high}", range) : gettext("No values")}
              />
              <small>
                {figure(known.at(-1), language)} <span>({`${range.low} … ${range.high}`})</span>
              </small>
            </figure>
          );
        })}
      </div>
      {missing > 0 && (
        <p className="composer-hint">
          {gettext("{count} of these values give no number, and would be set aside.", { count: missing })}
        </p>
      )}
    </>
  );
}

/** What is wrong with a number that is typed here, before the server is asked. */
function misspelled(text: string): FieldOptions["wrong"] {
  return !text.trim() || isDecimal(text)
    ? null
    : { message: gettext("Write a decimal number, such as 0.1."), span: null };
}

interface Options {
  keys: Keys;
  place: string;
  /** `key@version` of the asset's type. */
  type: string;
  /** UCUM code of the signal. */
  unit: string;
  binding: Binding;
  close: () => void;
}

/** The choice between a straight line and an expression. */
function Kind({ isLine, set }: { isLine: boolean; set: (isLine: boolean) => void }) {
  const group = useId();
  return (
    <div className="form-field transform-kind" role="radiogroup" aria-label={gettext("How the value is made")}>
      {[true, false].map((line) => (
        <label key={String(line)} className="form-check">
          <input
            type="radio"
            className="form-check-input"
            name={group}
            checked={isLine === line}
            onChange={() => {
              set(line);
            }}
          />{" "}
          {line ? gettext("Scale and offset") : gettext("Expression")}
        </label>
      ))}
    </div>
  );
}

interface FieldsOptions {
  form: Form;
  set: (change: Partial<Form>) => void;
  isLine: boolean;
  unit: string;
  findings: Wrong[];
}

function Fields({ form, set, isLine, unit, findings }: FieldsOptions) {
  const field = (name: Field, label: string, help: string, wrong: FieldOptions["wrong"], longest = 64) => (
    <TransformField
      label={label}
      value={form[name]}
      write={(text) => {
        set({ [name]: text });
      }}
      help={help}
      wrong={wrong ?? wrongAt(name, findings)}
      longest={longest}
    />
  );
  return (
    <>
      {isLine ? (
        <div className="bulk-row transform-line">
          {field("scale", gettext("Scale"), gettext("Left empty it is 1."), misspelled(form.scale))}
          {field("offset", gettext("Offset"), gettext("Left empty it is 0."), misspelled(form.offset))}
        </div>
      ) : (
        field(
          "expression",
          gettext("Expression"),
          gettext("Of the sent value, such as (value - 4) / 16 * 10."),
          null,
          1000,
        )
      )}
      {field(
        "unit",
        gettext("Unit it is then in"),
        gettext("A UCUM code; left empty it is that of the signal, {unit}.", { unit: symbol(unit) || "1" }),
        null,
      )}
    </>
  );
}

/** How the value of a signal is made of what is sent, with what that does to the values that came last. */
export function TransformForm({ keys, place, type, unit, binding, close }: Options) {
  const [isLine, setLine] = useState(!binding.expression);
  const [form, setForm] = useState<Form>(() => formOf(binding));
  const isSpelled = !isLine || [form.scale, form.offset].every((text) => misspelled(text) === null);
  const transform = transformOf(form, isLine);
  const settled = useSettled(JSON.stringify(transform));
  const signal = place.slice(place.indexOf("/") + 1);
  const ask = (): Promise<Sample> => keys.sample(binding, type, signal, JSON.parse(settled) as Transform);
  const { answer, trouble } = useAsked(settled, isSpelled ? ask : null, 0);
  const findings = answer?.findings ?? [];
  const isSound = isSpelled && findings.length === 0;
  return (
    <form
      className="transform"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSound) return;
        useComposer.getState().perform([rebound(place, binding, transform)]);
        close();
      }}
    >
      <Kind isLine={isLine} set={setLine} />
      <Fields
        form={form}
        set={(change) => {
          setForm((before) => ({ ...before, ...change }));
        }}
        isLine={isLine}
        unit={unit}
        findings={findings}
      />
      {trouble && <p className="form-error">{trouble}</p>}
      {answer && <Charts sample={answer} unit={unit} />}
      <div className="form-bar">
        <button type="submit" className="btn btn-primary" disabled={!isSound}>
          {gettext("Save the transform")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </form>
  );
}
