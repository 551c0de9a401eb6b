import { useState } from "react";
import { asText, type Json } from "../catalogue/document.ts";
import { duration, spoken } from "../catalogue/durations.ts";
import { Suggest, fitting, type Suggestion } from "../catalogue/Suggest.tsx";
import { gettext } from "../common/gettext.ts";
import { Field, useValue, type FieldOptions, type Given } from "./Field.tsx";
import { majorText, minorOf } from "./model.ts";
import { useContract } from "./store.ts";

interface InputOptions {
  given: Given;
  value: string;
  write: (text: string) => void;
  leave?: () => void;
  unit?: string | undefined;
  type?: "text" | "date" | "time";
  isNumber?: boolean;
  placeholder?: string | undefined;
  most?: number;
}

function Input({ given, value, write, leave, unit, type = "text", isNumber, placeholder, most = 200 }: InputOptions) {
  return (
    <div className={unit ? "input-unit" : ""}>
      <input
        id={given.id}
        className={given.isWrong ? "form-control is-invalid" : "form-control"}
        type={type}
        value={value}
        placeholder={placeholder}
        maxLength={type === "text" ? most : undefined}
        inputMode={isNumber ? "decimal" : undefined}
        data-place={given.place}
        aria-invalid={given.isWrong}
        aria-describedby={given.describedBy}
        autoComplete="off"
        onChange={(event) => {
          write(event.target.value);
        }}
        onBlur={leave}
      />
      {unit && <span aria-hidden="true">{unit}</span>}
    </div>
  );
}

const change = (path: FieldOptions["path"], value: Json | undefined): void => {
  useContract.getState().change(path, value);
};

export function TextField(options: FieldOptions & { most?: number }) {
  const value = asText(useValue(options.path));
  return (
    <Field {...options}>
      {(given) => (
        <Input
          given={given}
          value={value}
          most={options.most ?? 200}
          write={(text) => {
            change(options.path, text);
          }}
        />
      )}
    </Field>
  );
}

/** What people type for a decimal, as documents have it. */
const decimal = (text: string): string => text.trim().replace(/^(\d+),(\d*)$/, "$1.$2");

interface DecimalOptions extends FieldOptions {
  unit?: string | undefined;
  /** What an empty field says; without it the field has to be filled. */
  empty?: string;
}

export function DecimalField({ unit, empty, ...options }: DecimalOptions) {
  const value = asText(useValue(options.path));
  return (
    <Field {...options}>
      {(given) => (
        <Input
          given={given}
          value={value}
          unit={unit}
          isNumber
          most={40}
          placeholder={empty}
          write={(text) => {
            const said = decimal(text);
            change(options.path, said === "" && empty !== undefined ? null : said);
          }}
        />
      )}
    </Field>
  );
}

export function WholeField({ unit, ...options }: DecimalOptions) {
  const value = asText(useValue(options.path));
  return (
    <Field {...options}>
      {(given) => (
        <Input
          given={given}
          value={value}
          unit={unit}
          isNumber
          most={15}
          write={(text) => {
            const said = text.trim();
            change(options.path, /^\d+$/.test(said) ? Number(said) : said);
          }}
        />
      )}
    </Field>
  );
}

/** An amount in major units of the contract's currency; documents have the minor ones. */
export function MoneyField({
  digits,
  currency,
  empty,
  ...options
}: DecimalOptions & { digits: number; currency: string }) {
  const value = useValue(options.path);
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <Field {...options}>
      {(given) => (
        <Input
          given={given}
          value={typed ?? majorText(value, digits)}
          unit={currency}
          isNumber
          most={20}
          placeholder={empty}
          write={(text) => {
            setTyped(text);
            change(options.path, text.trim() === "" && empty !== undefined ? null : minorOf(text, digits));
          }}
          leave={() => {
            setTyped(null);
          }}
        />
      )}
    </Field>
  );
}

/** A length of time, written as people do; none at all is `PT0S`, where it may be that. */
export function DurationField({ empty, isZero, ...options }: DecimalOptions & { isZero?: boolean }) {
  const value = asText(useValue(options.path));
  const [typed, setTyped] = useState<string | null>(null);
  const shown = isZero && /^P(T0[HMS]|0D)$/.test(value) ? "" : spoken(value);
  return (
    <Field {...options}>
      {(given) => (
        <Input
          given={given}
          value={typed ?? shown}
          most={60}
          placeholder={isZero ? gettext("none") : (empty ?? gettext("such as 4 h or 30 min"))}
          write={(text) => {
            setTyped(text);
            const nothing = isZero ? "PT0S" : empty === undefined ? "" : null;
            change(options.path, text.trim() ? (duration(text) ?? text) : nothing);
          }}
          leave={() => {
            setTyped(null);
          }}
        />
      )}
    </Field>
  );
}

export function DayField({ isOptional, ...options }: FieldOptions & { isOptional?: boolean }) {
  const value = asText(useValue(options.path));
  return (
    <Field {...options}>
      {(given) => (
        <Input
          given={given}
          type="date"
          value={value}
          write={(text) => {
            change(options.path, text || (isOptional ? null : ""));
          }}
        />
      )}
    </Field>
  );
}

export type Choice = [value: string, label: string];

interface ChoiceOptions extends FieldOptions {
  choices: readonly Choice[];
  /** What a choice makes of the draft, when it is more than the value itself. */
  choose?: (value: string) => void;
  value?: string;
}

export function ChoiceField({ choices, choose, value, ...options }: ChoiceOptions) {
  const stored = asText(useValue(options.path));
  const shown = value ?? stored;
  const isKnown = choices.some(([each]) => each === shown);
  return (
    <Field {...options}>
      {(given) => (
        <select
          id={given.id}
          className={given.isWrong ? "form-select is-invalid" : "form-select"}
          value={shown}
          data-place={given.place}
          aria-invalid={given.isWrong}
          aria-describedby={given.describedBy}
          onChange={(event) => {
            if (choose) choose(event.target.value);
            else change(options.path, event.target.value);
          }}
        >
          {!isKnown && <option value={shown}>{shown || gettext("choose one")}</option>}
          {choices.map(([each, label]) => (
            <option key={each} value={each}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A text of which most are known, such as a time zone. */
export function SuggestField({ known, ...options }: FieldOptions & { known: readonly Suggestion[] }) {
  const value = asText(useValue(options.path));
  return (
    <Field {...options}>
      {(given) => (
        <Suggest
          id={given.id}
          value={value}
          place={given.place}
          isWrong={given.isWrong}
          describedBy={given.describedBy}
          suggest={(typed) => fitting(known, typed)}
          write={(text) => {
            change(options.path, text);
          }}
          choose={(text) => {
            change(options.path, text);
          }}
        />
      )}
    </Field>
  );
}

interface TickOptions extends FieldOptions {
  words: string;
  isOn: boolean;
  turn: (isOn: boolean) => void;
}

export function TickField({ words, isOn, turn, ...options }: TickOptions) {
  return (
    <Field {...options}>
      {(given) => (
        <label className="type-tick">
          <input
            id={given.id}
            type="checkbox"
            className="form-check-input"
            checked={isOn}
            data-place={given.place}
            aria-describedby={given.describedBy}
            onChange={(event) => {
              turn(event.target.checked);
            }}
          />
          <span>{words}</span>
        </label>
      )}
    </Field>
  );
}
