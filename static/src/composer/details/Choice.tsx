import { useId, type ReactNode } from "react";

interface Options {
  label: string;
  value: string;
  /** What can be chosen, and the words for it. */
  choices: [string, string][];
  choose: (value: string) => void;
  /** Whether nothing may be chosen. */
  optional?: boolean;
  disabled?: boolean;
  /** What stands for nothing. */
  nothing?: string;
  help?: ReactNode;
  /** What the field is called where others lead to it. */
  field?: string;
}

/** A labelled choice of one among some. */
export function Choice({
  label,
  value,
  choices,
  choose,
  optional = false,
  disabled = false,
  nothing = "–",
  help,
  field,
}: Options) {
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
        data-field={field}
        {...(help ? { "aria-describedby": `${id}-note` } : {})}
        onChange={(event) => {
          choose(event.target.value);
        }}
      >
        {(optional || !value) && <option value="">{nothing}</option>}
        {choices.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      {help && (
        <div id={`${id}-note`} className="form-note">
          {help}
        </div>
      )}
    </div>
  );
}
