import { useId } from "react";

interface Options {
  label: string;
  value: string;
  /** What can be chosen, and the words for it; a dash stands for nothing. */
  choices: [string, string][];
  choose: (value: string) => void;
  /** Whether nothing may be chosen. */
  optional?: boolean;
  disabled?: boolean;
}

/** A labelled choice of one among some. */
export function Choice({ label, value, choices, choose, optional = false, disabled = false }: Options) {
  const id = useId();
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <select
        id={id}
        className="form-select"
        required={!optional}
        disabled={disabled}
        value={value}
        onChange={(event) => {
          choose(event.target.value);
        }}
      >
        {(optional || !value) && <option value="">–</option>}
        {choices.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
