import "./suggest.css";
import { useId, useState, type KeyboardEvent } from "react";
import { Popup, stepped } from "./Popup.tsx";

export interface Suggestion {
  value: string;
  label: string;
  detail?: string;
}

interface Options {
  id?: string;
  label?: string;
  value: string;
  suggest: (typed: string) => Suggestion[];
  /** What is written in the field as it is typed. */
  write: (text: string) => void;
  /** A suggestion was chosen. */
  choose: (value: string) => void;
  /** Enter without a suggestion. */
  enter?: () => void;
  place?: string;
  placeholder?: string;
  isReadOnly?: boolean;
  isWrong?: boolean;
  describedBy?: string;
  most?: number;
}

/** A field with suggestions below it, to be chosen by mouse or keyboard; other text is taken too. */
export function Suggest(options: Options) {
  const { id, label, value, write, choose, enter, place, placeholder, isReadOnly, isWrong, describedBy, most } =
    options;
  const list = useId();
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const found = isOpen && !isReadOnly ? options.suggest(value).slice(0, 50) : [];
  const close = (): void => {
    setOpen(false);
    setActive(-1);
  };
  const take = (suggestion: Suggestion): void => {
    close();
    choose(suggestion.value);
  };
  const onKey = (event: KeyboardEvent): void => {
    const next = isReadOnly ? undefined : stepped(event.key, active, options.suggest(value).slice(0, 50).length);
    if (next !== undefined) {
      event.preventDefault();
      setOpen(true);
      setActive(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = found[active];
      if (chosen) take(chosen);
      else enter?.();
    } else if (event.key === "Escape" && found.length) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  };
  return (
    <div className="type-suggest">
      <input
        id={id}
        aria-label={label}
        className={isWrong ? "form-control is-invalid" : "form-control"}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={found.length > 0}
        aria-controls={found.length ? list : undefined}
        aria-activedescendant={found[active] ? `${list}-${active}` : undefined}
        aria-invalid={isWrong}
        aria-describedby={describedBy}
        autoComplete="off"
        spellCheck={false}
        maxLength={most}
        value={value}
        placeholder={placeholder}
        readOnly={isReadOnly}
        data-place={place}
        onChange={(event) => {
          setOpen(true);
          setActive(-1);
          write(event.target.value);
        }}
        onFocus={() => {
          setOpen(!isReadOnly && value === "");
        }}
        onBlur={close}
        onKeyDown={onKey}
      />
      {found.length > 0 && (
        <Popup
          id={list}
          label={label ?? placeholder ?? ""}
          entries={found.map(({ value: key, label: words, detail }) => ({ key, words: <span>{words}</span>, detail }))}
          active={active}
          take={(index) => {
            const chosen = found[index];
            if (chosen) take(chosen);
          }}
        />
      )}
    </div>
  );
}

/** The suggestions that fit what is typed: those that begin with it before those that have it elsewhere. */
export function fitting(all: readonly Suggestion[], typed: string): Suggestion[] {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [...all];
  const rank = ({ value, label, detail = "" }: Suggestion): number => {
    const texts = [value, label].map((text) => text.toLowerCase());
    if (texts.some((text) => text.startsWith(wanted))) return 0;
    if (texts.some((text) => text.includes(wanted))) return 1;
    return detail.toLowerCase().includes(wanted) ? 2 : 3;
  };
  const ranked = all.map((each) => [rank(each), each] as const).filter(([place]) => place < 3);
  return ranked.sort(([one], [other]) => one - other).map(([, each]) => each);
}
