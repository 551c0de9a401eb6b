import { Suspense, useId, useMemo, useState, type KeyboardEvent } from "react";
import { gettext } from "../common/gettext.ts";
import { later } from "../common/later.ts";
import { Fault, MOST, useBounded } from "./controls.tsx";
import { calledAt, completed, completion, type Completion, type Option } from "./completion.ts";
import { asText, type Finding } from "./document.ts";
import { Faults, type ControlOptions } from "./Frame.tsx";
import { whole } from "./inheritance.ts";
import { Marked } from "./Marked.tsx";
import { Popup, stepped } from "./Popup.tsx";
import { behind, marksIn } from "./marks.ts";
import { useEditor } from "./store.ts";
import { useTrial, type Trial } from "./trial.ts";
import { namesOf, type LanguageFunction, type Vocabulary } from "./vocabulary.ts";

const PreviewChart = later(() => import("./Preview.tsx").then((part) => part.PreviewChart));
const language = typeof document === "undefined" ? "en" : document.documentElement.lang || "en";

function useVocabulary(only: "all" | "properties"): Vocabulary {
  const document = useEditor((state) => state.document);
  const from = useEditor((state) => state.heritage);
  const functions = useEditor((state) => state.functions);
  const units = useEditor((state) => state.units);
  return useMemo(
    () => ({ names: namesOf(whole(document, from), language, only), functions, units }),
    [document, from, functions, units, only],
  );
}

interface EditorOptions {
  options: Omit<ControlOptions, "change" | "value">;
  text: string;
  fault: string;
  findings: Finding[];
  write: (text: string) => void;
}

/** Null: closed; typed: opened by typing a word; asked: opened by keys, so that it shows with no word begun too. */
type Asked = "typed" | "asked" | null;

/** What is offered at the cursor, how it is moved through, and what choosing does. */
function useCompletion(text: string, vocabulary: Vocabulary, isOff: boolean, write: (text: string) => void) {
  const [cursor, setCursor] = useState(0);
  const [asked, setAsked] = useState<Asked>(null);
  const [active, setActive] = useState(0);
  const [goTo, setGoTo] = useState<{ at: number } | null>(null);
  const found = asked && !isOff ? completion(text, cursor, vocabulary) : null;
  const shown = found && (asked === "asked" || found.start < cursor) ? found : null;

  const open = (how: Asked, at: number): void => {
    setCursor(at);
    setAsked(how);
    setActive(0);
  };
  const take = (option: Option): void => {
    if (!shown) return;
    const [next, at] = completed(text, shown, option);
    setGoTo({ at });
    open(null, at);
    write(next);
  };
  const inPopup = (event: KeyboardEvent, { options }: Completion): boolean => {
    const next = stepped(event.key, active, options.length);
    const option = options[active];
    if (next !== undefined) setActive(next);
    else if (event.key === "Escape") setAsked(null);
    else if (["Enter", "Tab"].includes(event.key) && option) take(option);
    else return false;
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isAsking = event.key === " " && event.ctrlKey;
    if (isAsking) open("asked", cursor);
    if (isAsking || (shown && inPopup(event, shown))) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const moved = (at: number): void => {
    if (at < cursor && asked === "typed") setAsked(null);
    setCursor(at);
  };
  return { cursor, active, goTo, shown, open, take, onKeyDown, moved };
}

function Called({ functions, hint }: { functions: readonly LanguageFunction[]; hint: boolean }) {
  if (functions.length === 0)
    return hint ? gettext("Type a name, or press Ctrl and space for what may stand here.") : null;
  return functions.map(({ usage, meaning }) => (
    <span key={usage}>
      <code>{usage}</code> {meaning}{" "}
    </span>
  ));
}

function FormulaEditor({ options, text, fault, findings, write }: EditorOptions) {
  const { id, place, isReadOnly, describedBy, field } = options;
  const vocabulary = useVocabulary(field.names ?? "all");
  const list = useId();
  const { cursor, active, goTo, shown, open, take, onKeyDown, moved } = useCompletion(
    text,
    vocabulary,
    isReadOnly || fault !== "",
    write,
  );
  const marks = fault ? [] : marksIn(text, findings, place);
  return (
    <div className="type-formula">
      <Marked
        id={id}
        text={text}
        marks={marks}
        goTo={goTo}
        place={place}
        isReadOnly={isReadOnly}
        isWrong={fault !== "" || marks.some((mark) => mark.finding.severity !== "hint")}
        describedBy={`${id}-called ${id}-wrong ${describedBy}`}
        completion={{ list: shown ? list : undefined, active: shown ? `${list}-${active}` : undefined }}
        write={(next, at) => {
          open("typed", at);
          write(next);
        }}
        moved={moved}
        onKeyDown={onKeyDown}
        onBlur={() => {
          open(null, cursor);
        }}
      />
      {shown && (
        <Popup
          id={list}
          label={gettext("What may stand here")}
          entries={shown.options.map(({ kind, text: written, label, detail }) => ({
            key: `${kind} ${written} ${label}`,
            words: <code>{label}</code>,
            detail,
          }))}
          active={active}
          take={(index) => {
            const option = shown.options[index];
            if (option) take(option);
          }}
        />
      )}
      <p id={`${id}-called`} className="form-note type-called">
        <Called functions={calledAt(text, cursor, vocabulary.functions)} hint={!isReadOnly} />
      </p>
    </div>
  );
}

/** What is wrong with the text as it stands: what trying it said, as long as it is the same text. */
function said(text: string, trial: Trial | null, saved: Finding[]): Finding[] {
  if (!text.trim() || trial === null) return saved;
  return trial.formula === text && !trial.trouble ? trial.findings : [];
}

/** A formula: completed as it is typed, underlined where something is wrong, tried on sample data. */
export function FormulaControl(options: ControlOptions) {
  const { id, value, change, place, findings, before = "" } = options;
  const { text, fault, write } = useBounded(asText(value), MOST, (given) => {
    // An empty formula is one that is still to be written, where there has to be one.
    change(given || !options.field.required ? given || undefined : "");
  });
  const stands = text.trim() ? before + text : "";
  const trial = useTrial(place, fault || options.isReadOnly ? "" : stands);
  const wrong = behind(before.length, said(stands, trial, findings));
  return (
    <>
      <FormulaEditor options={options} text={text} fault={fault} findings={wrong} write={write} />
      <Fault id={`${id}-fault`} text={fault} />
      <Faults id={`${id}-wrong`} findings={wrong} />
      {trial?.trouble && <p className="form-note">{gettext("No preview now: {reason}", { reason: trial.trouble })}</p>}
      {trial?.preview && (
        <Suspense>
          <PreviewChart preview={trial.preview} isOld={trial.formula !== stands} />
        </Suspense>
      )}
    </>
  );
}
