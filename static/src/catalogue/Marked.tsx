import "./marked.css";
import { useLayoutEffect, useRef, type KeyboardEventHandler } from "react";
import { pieces, type Mark } from "./marks.ts";

interface Options {
  id: string;
  text: string;
  marks: readonly Pick<Mark, "start" | "end">[];
  write: (text: string, cursor: number) => void;
  moved?: (cursor: number) => void;
  onKeyDown?: KeyboardEventHandler<HTMLTextAreaElement>;
  onBlur?: () => void;
  /** Where the cursor goes; another object each time it is sent somewhere. */
  goTo?: { at: number } | null;
  label?: string;
  place?: string;
  isReadOnly?: boolean;
  isWrong?: boolean;
  describedBy?: string | undefined;
  completion?: { list: string | undefined; active: string | undefined };
  className?: string;
}

/** A longer text than this is shown without marks: drawing them would hold up the typing. */
const MOST_MARKED = 300_000;

/** A text that can be edited, with parts of it underlined where they stand; it is as high as its text. */
export function Marked(options: Options) {
  const { id, text, marks, write, moved, goTo, label, place, isReadOnly, isWrong, describedBy, completion } = options;
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    if (goTo) field.current?.setSelectionRange(goTo.at, goTo.at);
  }, [goTo]);
  return (
    <div className={`type-marked ${options.className ?? ""}`}>
      <div className="type-marked-back" aria-hidden="true">
        {text.length <= MOST_MARKED &&
          pieces(text, marks).map((piece, index) =>
            piece.isMarked ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>,
          )}
        {"\n"}
      </div>
      <textarea
        id={id}
        ref={field}
        aria-label={label}
        className={isWrong ? "form-control is-invalid" : "form-control"}
        value={text}
        readOnly={isReadOnly}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        rows={1}
        data-place={place}
        aria-invalid={isWrong}
        aria-describedby={describedBy}
        aria-autocomplete={completion === undefined ? undefined : "list"}
        aria-haspopup={completion === undefined ? undefined : "listbox"}
        aria-controls={completion?.list}
        aria-activedescendant={completion?.active}
        onChange={(event) => {
          write(event.target.value, event.target.selectionStart);
        }}
        onSelect={(event) => {
          moved?.(event.currentTarget.selectionStart);
        }}
        onKeyDown={options.onKeyDown}
        onBlur={options.onBlur}
      />
    </div>
  );
}
