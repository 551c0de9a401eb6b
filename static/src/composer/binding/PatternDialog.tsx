import { useId, useRef, useState } from "react";
import { call, RefusedError } from "../../common/api.ts";
import { announce } from "../../common/dom.ts";
import { countText, gettext, ngettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { Choice } from "../details/Choice.tsx";
import { Dialog } from "../Dialog.tsx";
import type { Finding } from "../model/document.ts";
import { useComposer } from "../store.ts";
import { useAsked, useSettled } from "./asking.ts";
import type { Keys, PatternRow, PatternState } from "./keys.ts";
import { counted, patternOperations, stateInWords, type BindOperation } from "./plan.ts";
import { PreviewTable } from "./PreviewTable.tsx";
import { placeInWords } from "./words.ts";

const PLACEHOLDERS: [string, string][] = [
  ["{asset}", gettext("the name of the asset")],
  ["{number}", gettext("the number in its name")],
  ["{number:3}", gettext("the same with three digits at least")],
  ["{signal}", gettext("the key of the signal in its type")],
  ["{type}", gettext("the key of the type")],
];
const WRONG = 422;

interface Made {
  rows: PatternRow[];
  findings: Finding[];
}

const NOTHING: Made = { rows: [], findings: [] };

/** What a pattern makes, or what is wrong with it: that is an answer, too. */
async function made(ask: Promise<PatternRow[]>): Promise<Made> {
  try {
    return { rows: await ask, findings: [] };
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== WRONG) throw error;
    return { rows: [], findings: (error.problem.findings as Finding[] | undefined) ?? [] };
  }
}

function PatternField({
  value,
  write,
  findings,
}: {
  value: string;
  write: (text: string) => void;
  findings: Finding[];
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const insert = (text: string): void => {
    const field = input.current;
    const [start, end] = [field?.selectionStart ?? value.length, field?.selectionEnd ?? value.length];
    write(value.slice(0, start) + text + value.slice(end));
    field?.focus();
  };
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={id}>
        {gettext("Pattern of the keys")}
      </label>
      <input
        ref={input}
        id={id}
        className={findings.length ? "form-control is-invalid" : "form-control"}
        autoComplete="off"
        spellCheck={false}
        autoFocus
        maxLength={256}
        aria-invalid={findings.length > 0}
        aria-describedby={`${id}-note`}
        value={value}
        onChange={(event) => {
          write(event.target.value);
        }}
      />
      <div className="chips" role="group" aria-label={gettext("Placeholders to insert")}>
        {PLACEHOLDERS.map(([text, words]) => (
          <button
            key={text}
            type="button"
            className="btn btn-sm"
            title={words}
            onClick={() => {
              insert(text);
            }}
          >
            {text}
          </button>
        ))}
      </div>
      <div id={`${id}-note`} className={findings.length ? "form-error" : "form-note"}>
        {findings.length
          ? findings.map(({ message, fix }) => `${message} ${fix}`).join(" ")
          : gettext("Such as PLANT1.{asset}.{signal}. Capitals, separators and leading zeros may differ.", {
              asset: "{asset}",
              signal: "{signal}",
            })}
      </div>
    </div>
  );
}

function Tick({ words, value, set }: { words: string; value: boolean; set: (value: boolean) => void }) {
  return (
    <label className="form-check">
      <input
        type="checkbox"
        className="form-check-input"
        checked={value}
        onChange={(event) => {
          set(event.target.checked);
        }}
      />{" "}
      {words}
    </label>
  );
}

const ORDER: PatternState[] = [
  "fits",
  "alike",
  "unsent",
  "ambiguous",
  "taken",
  "twice",
  "no_number",
  "too_long",
  "bound",
];

function Preview({ rows, willBind }: { rows: PatternRow[]; willBind: Map<string, string> }) {
  const { document, types } = useComposer.getState();
  const counts = counted(rows);
  return (
    <>
      <ul className="pattern-counts" aria-live="polite">
        {ORDER.filter((state) => counts.has(state)).map((state) => (
          <li key={state} data-state={state}>
            <strong>{countText(counts.get(state) ?? 0)}</strong> {stateInWords(state)}
          </li>
        ))}
      </ul>
      <PreviewTable
        words={gettext("What the pattern makes")}
        rows={ORDER.flatMap((state) => rows.filter((row) => row.state === state)).map((row) => {
          const unit = willBind.get(row.place);
          const isBound = unit !== undefined;
          return {
            place: row.place,
            ...placeInWords(row.place, document, types),
            key: row.key,
            words:
              stateInWords(row.state) + (unit ? `, ${gettext("taken in {unit}", { unit: symbol(unit) || unit })}` : ""),
            isBound,
          };
        })}
      />
    </>
  );
}

interface Options {
  keys: Keys;
  api: string;
  /** The assets whose signals are bound. */
  assets: string[];
  close: () => void;
}

async function firstGateways(url: string): Promise<[string, string][]> {
  const page = await call<{ results: { id: string; name: string }[] }>(url);
  return page.results.map(({ id, name }): [string, string] => [id, name]);
}

/** What the pattern makes with a gateway's keys, asked when nothing was typed for a moment. */
function useMade(keys: Keys, assets: string[], gateway: string, pattern: string): Made & { trouble: string } {
  const ask = gateway ? () => made(keys.pattern(assets, gateway, pattern)) : null;
  const { answer, trouble } = useAsked(`${gateway} ${pattern}`, ask, 0);
  return { ...(answer ?? NOTHING), trouble };
}

interface GatewayOptions {
  gateways: [string, string][] | null;
  value: string;
  choose: (gateway: string) => void;
}

function GatewayChoice({ gateways, value, choose }: GatewayOptions) {
  if (gateways?.length === 0)
    return <p className="composer-hint">{gettext("There is no gateway yet. Make one on the page Gateways.")}</p>;
  return <Choice label={gettext("Gateway")} value={value} choices={gateways ?? []} choose={choose} />;
}

/** Binds what the preview shows, as one step to undo. */
function perform(operations: BindOperation[]): void {
  useComposer.getState().perform(operations);
  announce(
    ngettext(
      "{count} signal is bound. Undo with Ctrl-Z.",
      "{count} signals are bound. Undo with Ctrl-Z.",
      operations.length,
    ),
  );
}

/** Many signals at once by how the plant names its keys, after a look at what that makes; one step to undo. */
export function PatternDialog({ keys, api, assets, close }: Options) {
  const [pattern, setPattern] = useState("{asset}/{signal}");
  const [wanted, setGateway] = useState("");
  const [unsent, setUnsent] = useState(false);
  const [units, setUnits] = useState(true);
  const { answer: gateways } = useAsked(
    "gateways",
    () => firstGateways(`${api.replace(/\/$/, "")}/gateways/?limit=500`),
    0,
  );
  const gateway = wanted || (gateways?.[0]?.[0] ?? "");
  const settled = useSettled(pattern);
  const { rows, findings, trouble } = useMade(keys, assets, gateway, settled);
  const shown = useComposer((state) => state.document);
  const operations = patternOperations(shown, rows, gateway, { unsent, units });
  return (
    <Dialog title={gettext("Bind by a pattern")} close={close}>
      <p>{ngettext("For {count} asset.", "For {count} assets.", assets.length)}</p>
      <GatewayChoice gateways={gateways} value={gateway} choose={setGateway} />
      <PatternField value={pattern} write={setPattern} findings={findings} />
      <Tick words={gettext("Bind keys too that have not come yet")} value={unsent} set={setUnsent} />
      <Tick words={gettext("Take values in the unit that their key names")} value={units} set={setUnits} />
      {trouble && <p className="form-error">{trouble}</p>}
      {rows.length > 0 && (
        <Preview rows={rows} willBind={new Map(operations.map(({ place, unit }) => [place, unit ?? ""]))} />
      )}
      <div className="form-bar">
        <button
          type="button"
          className="btn btn-primary"
          disabled={operations.length === 0 || settled !== pattern}
          onClick={() => {
            perform(operations);
            close();
          }}
        >
          {ngettext("Bind {count} signal", "Bind {count} signals", operations.length)}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
