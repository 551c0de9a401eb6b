import { useId, useState, type ChangeEvent, type KeyboardEvent, type ReactNode } from "react";

interface Options {
  label: string;
  value: string;
  save: (value: string) => void;
  unit?: string | null | undefined;
  /** What is wrong with a text; empty when nothing is. */
  check?: (value: string) => string;
  help?: ReactNode;
  required?: boolean;
  disabled?: boolean;
  /** What holds while nothing is typed. */
  placeholder?: string;
  /** What the field is called where others lead to it. */
  field?: string;
  /** What may be meant. */
  offers?: readonly string[];
  /** Has several lines: Enter begins the next, and Ctrl-Enter saves. */
  isLong?: boolean;
}

function Note({ id, error, help }: { id: string; error: string; help: ReactNode }) {
  return (
    <div id={id} className={error ? "form-error" : "form-note"}>
      {error || help}
    </div>
  );
}

const allowAll = (): string => "";
const NO_OFFERS: readonly string[] = [];

function Offers({ id, offers }: { id: string; offers: readonly string[] }) {
  if (offers.length === 0) return null;
  return (
    <datalist id={id}>
      {offers.map((offer) => (
        <option key={offer} value={offer} />
      ))}
    </datalist>
  );
}

/** The text while it is typed, what is wrong with it, and its end. */
function useTyping({ value, save, check = allowAll, required = false }: Options): {
  text: string;
  error: string;
  type: (text: string | null) => void;
  finish: () => void;
} {
  const [text, setText] = useState<string | null>(null);
  const error = text === null ? "" : check(text.trim());
  const finish = (): void => {
    if (text === null || error) return;
    const wanted = text.trim();
    setText(null);
    if (wanted !== value && (wanted || !required)) save(wanted);
  };
  return { text: text ?? value, error, type: setText, finish };
}

/** A field that saves when it is left or Enter is pressed, if its text is sound; Escape takes it back. */
export function TextField(options: Options) {
  const { label, unit, help, disabled = false, placeholder = "", field, offers = NO_OFFERS, isLong = false } = options;
  const id = useId();
  const { text, error, type, finish } = useTyping(options);
  const control = {
    id,
    className: error ? "form-control is-invalid" : "form-control",
    value: text,
    disabled,
    maxLength: 2000,
    placeholder,
    "data-field": field,
    "aria-invalid": error !== "",
    "aria-describedby": `${id}-note`,
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      type(event.target.value);
    },
    onBlur: finish,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey)) finish();
      if (event.key === "Escape") type(null);
    },
  };
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <div className={unit ? "input-unit" : ""}>
        {isLong ? (
          <textarea {...control} rows={4} />
        ) : (
          <input {...control} {...(offers.length > 0 ? { list: `${id}-offers`, autoComplete: "off" } : {})} />
        )}
        {unit && <span aria-hidden="true">{unit}</span>}
      </div>
      <Offers id={`${id}-offers`} offers={offers} />
      <Note id={`${id}-note`} error={error} help={help} />
    </div>
  );
}
