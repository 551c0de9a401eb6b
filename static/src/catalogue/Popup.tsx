import type { ReactNode } from "react";

interface Entry {
  key: string;
  words: ReactNode;
  detail?: string | undefined;
}

interface Options {
  id: string;
  label: string;
  entries: readonly Entry[];
  /** The one that Enter takes. */
  active: number;
  take: (index: number) => void;
}

/** Where an arrow key leads in a list that goes round; undefined for any other key. */
export function stepped(key: string, active: number, count: number): number | undefined {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (step === undefined) return undefined;
  return count ? (active + step + count) % count : -1;
}

/** What is offered below a field, by mouse; the field itself has the focus and the keys. */
export function Popup({ id, label, entries, active, take }: Options) {
  return (
    <ul id={id} role="listbox" className="type-popup" aria-label={label}>
      {entries.map(({ key, words, detail }, index) => (
        <li
          key={key}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          ref={(row) => {
            if (index === active) row?.scrollIntoView({ block: "nearest" });
          }}
          onMouseDown={(event) => {
            event.preventDefault();
            take(index);
          }}
        >
          {words}
          {detail && <small>{detail}</small>}
        </li>
      ))}
    </ul>
  );
}
