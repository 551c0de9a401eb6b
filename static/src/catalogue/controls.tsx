import { useState } from "react";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { asText, isObject, type Json } from "./document.ts";
import { duration, spoken } from "./durations.ts";
import { unitSymbol, type ControlOptions } from "./Frame.tsx";

export const MOST = 2000;

/** Text that may be longer than a document takes: it stays in the field, is told of, and goes no further. */
export function useBounded(value: string, most: number, change: (text: string) => void) {
  const [held, setHeld] = useState<string | null>(null);
  return {
    text: held ?? value,
    fault:
      held === null
        ? ""
        : gettext("At most {most} characters; this has {count}. It is not kept in the draft.", {
            most,
            count: held.length,
          }),
    write: (text: string) => {
      setHeld(text.length > most ? text : null);
      if (text.length <= most) change(text);
    },
  };
}

export function Fault({ id, text }: { id: string; text: string }) {
  if (!text) return null;
  return (
    <p id={id} className="form-error" role="alert">
      <Icon name="alert-circle" />
      <span>{text}</span>
    </p>
  );
}

interface InputOptions {
  options: Pick<ControlOptions, "id" | "isReadOnly" | "describedBy" | "findings">;
  value: string;
  write: (text: string) => void;
  place?: string;
  label?: string;
  unit?: string;
  most?: number;
  numeric?: boolean;
  leave?: () => void;
  placeholder?: string;
}

/** One line of text; it saves as it is typed. */
export function Input({
  options,
  value,
  write,
  place,
  label,
  unit,
  most = MOST,
  numeric,
  leave,
  placeholder,
}: InputOptions) {
  const { text, fault, write: change } = useBounded(value, most, write);
  const { id, isReadOnly, describedBy, findings } = options;
  const isWrong = fault !== "" || findings.some((each) => each.severity !== "hint");
  return (
    <>
      <div className={unit ? "input-unit" : ""}>
        <input
          id={label ? undefined : id}
          aria-label={label}
          className={isWrong ? "form-control is-invalid" : "form-control"}
          value={text}
          placeholder={placeholder}
          readOnly={isReadOnly}
          inputMode={numeric ? "decimal" : undefined}
          data-place={place}
          aria-invalid={isWrong}
          aria-describedby={`${fault ? `${id}-fault ` : ""}${describedBy}`}
          autoComplete="off"
          onChange={(event) => {
            change(event.target.value);
          }}
          onBlur={leave}
        />
        {unit && <span aria-hidden="true">{unit}</span>}
      </div>
      <Fault id={`${id}-fault`} text={fault} />
    </>
  );
}

export function TextControl(options: ControlOptions) {
  const { value, change, place } = options;
  return (
    <Input
      options={options}
      value={asText(value)}
      place={place}
      write={(text) => {
        change(text || undefined);
      }}
    />
  );
}

export function LongControl(options: ControlOptions) {
  const { id, value, change, place, isReadOnly, describedBy, findings } = options;
  const { text, fault, write } = useBounded(asText(value), MOST, (given) => {
    change(given || undefined);
  });
  return (
    <>
      <textarea
        id={id}
        className={fault || findings.length ? "form-control is-invalid" : "form-control"}
        rows={2}
        value={text}
        readOnly={isReadOnly}
        data-place={place}
        aria-describedby={`${fault ? `${id}-fault ` : ""}${describedBy}`}
        onChange={(event) => {
          write(event.target.value);
        }}
      />
      <Fault id={`${id}-fault`} text={fault} />
    </>
  );
}

/** What people type for a number, as documents have it: a decimal point, no spaces. */
function decimal(text: string): string | undefined {
  const given = text.trim();
  return (/^[-+]?\d+,\d*$/.test(given) ? given.replace(",", ".") : given).replace(/^\+/, "") || undefined;
}

export function DecimalControl(options: ControlOptions) {
  const { value, change, place, field, beside } = options;
  return (
    <Input
      options={options}
      value={asText(value)}
      place={place}
      unit={field.words ?? unitSymbol(beside)}
      most={64}
      numeric
      write={(text) => {
        change(decimal(text));
      }}
    />
  );
}

function whole(text: string): Json | undefined {
  const given = text.trim();
  return /^-?\d{1,15}$/.test(given) ? Number(given) : given || undefined;
}

export function CountControl(options: ControlOptions) {
  return (
    <Input
      options={options}
      value={asText(options.value)}
      place={options.place}
      most={64}
      numeric
      write={(text) => {
        options.change(whole(text));
      }}
    />
  );
}

/** Two numbers, the smaller first. */
export function PairControl(options: ControlOptions & { read: (text: string) => Json | undefined; unit: string }) {
  const { value, change, place, read, unit } = options;
  const pair = Array.isArray(value) ? value : [];
  const write = (index: 0 | 1, text: string): void => {
    const both = [pair[0] ?? "", pair[1] ?? ""];
    both[index] = read(text) ?? "";
    change(both.every((each) => each === "") ? undefined : both);
  };
  return (
    <div className="type-pair">
      {[gettext("From"), gettext("To")].map((label, index) => (
        <div key={label}>
          <span aria-hidden="true">{label}</span>
          <Input
            options={options}
            label={label}
            value={asText(pair[index])}
            place={index === 0 ? place : `${place}/1`}
            unit={unit}
            most={64}
            numeric
            write={(text) => {
              write(index === 0 ? 0 : 1, text);
            }}
          />
        </div>
      ))}
    </div>
  );
}

export function RangeControl(options: ControlOptions) {
  return <PairControl {...options} read={decimal} unit={unitSymbol(options.beside)} />;
}

export function CountsControl(options: ControlOptions) {
  return <PairControl {...options} read={whole} unit="" />;
}

export function DurationControl(options: ControlOptions) {
  const { value, change, place, id } = options;
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? spoken(asText(value));
  const isStrange = typed === null && shown !== "" && duration(shown) === null;
  return (
    <>
      <Input
        options={options}
        value={shown}
        place={place}
        most={64}
        placeholder={gettext("such as 30 s, 1 h 30 min")}
        write={(text) => {
          setTyped(text);
          change(text.trim() ? (duration(text) ?? text) : undefined);
        }}
        leave={() => {
          setTyped(null);
        }}
      />
      <Fault id={`${id}-strange`} text={isStrange ? gettext("Write a time, such as 30 s or 1 h 30 min.") : ""} />
    </>
  );
}

export function ChoiceControl({ id, field, value, change, place, isReadOnly, describedBy }: ControlOptions) {
  const choices = field.choices ?? [];
  const given = asText(value);
  const isStrange = given !== "" && choices.every(([choice]) => choice !== given);
  return (
    <select
      id={id}
      className="form-select"
      value={given}
      disabled={isReadOnly}
      data-place={place}
      aria-describedby={describedBy}
      onChange={(event) => {
        change(event.target.value || undefined);
      }}
    >
      {((!field.required && field.usual === undefined) || !given) && <option value="">–</option>}
      {isStrange && <option value={given}>{given}</option>}
      {choices.map(([choice, words]) => (
        <option key={choice} value={choice}>
          {words}
        </option>
      ))}
    </select>
  );
}

export function TickControl({ id, field, value, change, place, isReadOnly, describedBy }: ControlOptions) {
  return (
    <div className="form-check type-tick">
      <input
        id={id}
        type="checkbox"
        className="form-check-input"
        checked={value === true}
        disabled={isReadOnly}
        data-place={place}
        aria-describedby={describedBy}
        onChange={(event) => {
          change(event.target.checked);
        }}
      />
      <label className="form-check-label" htmlFor={id}>
        {field.words}
      </label>
    </div>
  );
}

const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "da", "cs", "tr", "zh", "ja"];
const names =
  typeof document === "undefined"
    ? null
    : new Intl.DisplayNames(document.documentElement.lang || "en", { type: "language" });

/** A text in one language or several. */
export function TextsControl(options: ControlOptions & { isLong?: boolean }) {
  const { value, change, place, isReadOnly } = options;
  const texts = isObject(value) ? value : {};
  const shown = "en" in texts || Object.keys(texts).length === 0 ? { en: "", ...texts } : texts;
  const left = LANGUAGES.filter((language) => !(language in shown));
  const write = (language: string, text: string): void => {
    const next = { ...texts, [language]: text };
    const kept = Object.entries(next).filter(([key, each]) => each !== "" || (key === language && key !== "en"));
    change(kept.length ? Object.fromEntries(kept) : undefined);
  };
  return (
    <div className="type-texts">
      {Object.entries(shown).map(([language, text], index) => (
        <div key={language}>
          <Input
            options={options}
            value={asText(text)}
            label={`${options.field.label}, ${names?.of(language) ?? language}`}
            place={index === 0 ? place : `${place}/${language}`}
            {...(Object.keys(shown).length > 1 ? { unit: language } : {})}
            write={(given) => {
              write(language, given);
            }}
            leave={() => {
              if (texts[language] === "") write(language, "");
            }}
          />
        </div>
      ))}
      {!isReadOnly && left.length > 0 && isObject(value) && (
        <select
          className="form-select type-small"
          value=""
          aria-label={gettext("{field} in another language", { field: options.field.label })}
          onChange={(event) => {
            if (event.target.value) change({ ...texts, [event.target.value]: "" });
          }}
        >
          <option value="">{gettext("In another language…")}</option>
          {left.map((language) => (
            <option key={language} value={language}>
              {names?.of(language) ?? language}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
