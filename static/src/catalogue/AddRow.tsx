import { useState } from "react";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";

interface Options {
  /** What the field is called. */
  label: string | undefined;
  placeholder?: string | undefined;
  /** What the button says. */
  words?: string;
  place: string;
  most: number;
  /** Whether what is written can be added. */
  fits?: (text: string) => boolean;
  add: (text: string) => void;
}

/** A field and a button below rows, for one more of them. */
export function AddRow({ label, placeholder = label, words, place, most, fits = Boolean, add }: Options) {
  const [text, setText] = useState("");
  const wanted = text.trim();
  const take = (): void => {
    if (!fits(wanted)) return;
    add(wanted);
    setText("");
  };
  return (
    <div className="type-row">
      <input
        className="form-control"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        maxLength={most}
        data-place={place}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          take();
        }}
      />
      <button type="button" className="btn" disabled={!fits(wanted)} onClick={take}>
        <Icon name="plus" />
        {words ?? gettext("Add")}
      </button>
    </div>
  );
}
