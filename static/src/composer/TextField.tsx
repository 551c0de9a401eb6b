import { useId, useState } from "react";

interface Options {
  label: string;
  value: string;
  save: (value: string) => void;
  unit?: string | null | undefined;
  /** What is wrong with a text; empty when nothing is. */
  check?: (value: string) => string;
  help?: string;
  required?: boolean;
  disabled?: boolean;
}

function Note({ id, error, help }: { id: string; error: string; help: string | undefined }) {
  return (
    <div id={id} className={error ? "form-error" : "form-note"}>
      {error || help}
    </div>
  );
}

const allowAll = (): string => "";

/** A field that saves when it is left or Enter is pressed, if its text is sound; Escape takes it back. */
export function TextField({
  label,
  value,
  save,
  unit,
  check = allowAll,
  help,
  required = false,
  disabled = false,
}: Options) {
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const error = text === null ? "" : check(text.trim());
  const finish = (): void => {
    if (text === null || error) return;
    const wanted = text.trim();
    setText(null);
    if (wanted !== value && (wanted || !required)) save(wanted);
  };
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <div className={unit ? "input-unit" : ""}>
        <input
          id={id}
          className={error ? "form-control is-invalid" : "form-control"}
          value={text ?? value}
          disabled={disabled}
          maxLength={2000}
          aria-invalid={error !== ""}
          aria-describedby={`${id}-note`}
          onChange={(event) => {
            setText(event.target.value);
          }}
          onBlur={finish}
          onKeyDown={(event) => {
            if (event.key === "Enter") finish();
            if (event.key === "Escape") setText(null);
          }}
        />
        {unit && <span aria-hidden="true">{unit}</span>}
      </div>
      <Note id={`${id}-note`} error={error} help={help} />
    </div>
  );
}
