import "./json.css";
import { useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { gettext, ngettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { isObject, type Finding, type TypeDocument } from "./document.ts";
import { lineAndColumn, readJson, spanOf, type Read } from "./json.ts";
import { Marked } from "./Marked.tsx";
import { placeOf, unitsBefore } from "./marks.ts";
import { useEditor } from "./store.ts";

/** What a draft may hold, and so what is worth reading. */
const MOST = 256 * 1024;

interface Trouble {
  at: number;
  end: number;
  message: string;
}

/** Within the value of a place, the part of a formula that a finding means, where the formula stands as it is. */
function partOf(text: string, [start, end]: [number, number], finding: Finding): [number, number] {
  const { span } = placeOf(finding);
  const value = text.slice(start, end);
  const formula = /"([^"\\]*)"$/.exec(value)?.[1];
  if (!span || formula === undefined) return [start, end];
  const begin = end - 1 - formula.length;
  return [begin + unitsBefore(formula, span[0]), begin + unitsBefore(formula, span[1])];
}

function troubleIn(text: string, read: Read, findings: readonly Finding[]): Trouble[] {
  if (read.fault) return [{ at: read.fault.at, end: read.fault.at + 1, message: read.fault.message }];
  return findings.flatMap((finding) => {
    const span = spanOf(read.places, placeOf(finding).place);
    if (!span) return [];
    const [at, end] = partOf(text, span, finding);
    return [{ at, end, message: `${finding.message} ${finding.fix}` }];
  });
}

function write(document: TypeDocument): string {
  return JSON.stringify(document, null, 2);
}

/** The whole document as JSON, for those who want it so: edited in place, with what is wrong marked where it stands. */
export function JsonView() {
  const id = useId();
  const document = useEditor((state) => state.document);
  const findings = useEditor((state) => state.findings);
  const canEdit = useEditor((state) => state.canEdit);
  const { replace } = useEditor.getState();
  /** What was typed, and the document that came of it: another one came from elsewhere, and takes its place. */
  const [typed, setTyped] = useState<{ text: string; made: TypeDocument | null } | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const isMine = typed !== null && (typed.made === null || typed.made === document);
  const text = isMine ? typed.text : write(document);
  const isLarge = text.length > MOST;
  const read = useMemo<Read>(
    () => (isLarge ? { value: undefined, fault: null, places: new Map() } : readJson(text)),
    [text, isLarge],
  );
  const shown = useDeferredValue(findings);
  const trouble = isLarge ? [] : troubleIn(text, read, shown);

  const edit = (next: string): void => {
    const found = next.length > MOST ? null : readJson(next);
    const made = found && !found.fault && isObject(found.value) ? found.value : null;
    setTyped({ text: next, made });
    if (made) replace(made, "json");
  };
  const jump = (at: number): void => {
    const field = place.current?.querySelector("textarea");
    if (!field) return;
    field.focus();
    field.setSelectionRange(at, at);
    const [line] = lineAndColumn(text, at);
    const height = parseFloat(getComputedStyle(field).lineHeight);
    place.current?.scrollTo({ top: Math.max(0, (line - 6) * height) });
  };
  return (
    <div className="type-json">
      <div className="type-json-head">
        <label htmlFor={id}>{gettext("The document as JSON")}</label>
        {isMine && typed.made === null && (
          <button
            type="button"
            className="btn btn-sm"
            onClick={() => {
              setTyped(null);
            }}
          >
            <Icon name="arrow-back-up" />
            {gettext("Back to what was read last")}
          </button>
        )}
      </div>
      <div ref={place} className="type-json-text">
        <Marked
          id={id}
          className="type-json-field"
          text={text}
          marks={trouble.map(({ at, end }) => ({ start: at, end }))}
          isReadOnly={!canEdit}
          isWrong={isLarge || trouble.length > 0}
          describedBy={`${id}-said`}
          write={edit}
        />
      </div>
      <div id={`${id}-said`} className="type-json-said" role="status">
        <Said text={text} read={read} trouble={trouble} isLarge={isLarge} jump={jump} />
      </div>
    </div>
  );
}

interface SaidOptions {
  text: string;
  read: Read;
  trouble: readonly Trouble[];
  isLarge: boolean;
  jump: (at: number) => void;
}

/** What is wrong with the text, each with the way to its line. */
function Said({ text, read, trouble, isLarge, jump }: SaidOptions) {
  if (isLarge)
    return (
      <p className="form-error">
        <Icon name="alert-circle" />
        <span>
          {gettext("This has {size} kB, and a type holds {most} kB. It is not kept; the draft is as it was.", {
            size: Math.ceil(text.length / 1024),
            most: MOST / 1024,
          })}
        </span>
      </p>
    );
  if (!read.fault && !isObject(read.value))
    return <p className="form-error">{gettext("A type is an object, in braces. This is not kept.")}</p>;
  if (trouble.length === 0) return <p className="form-note">{gettext("Nothing is wrong with it.")}</p>;
  return (
    <>
      <p className="form-note">
        {read.fault
          ? gettext("Not read, and so not kept in the draft:")
          : ngettext("{count} finding:", "{count} findings:", trouble.length)}
      </p>
      <ul>
        {trouble.slice(0, 30).map(({ at, message }, index) => {
          const [line, column] = lineAndColumn(text, at);
          return (
            <li key={index}>
              <button
                type="button"
                className="type-quiet"
                onClick={() => {
                  jump(at);
                }}
              >
                {gettext("Line {line}, column {column}", { line, column })}
              </button>{" "}
              {message}
            </li>
          );
        })}
      </ul>
    </>
  );
}
