import { useEffect, useId, useState } from "react";
import { call, everyPage } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";
import { symbol } from "../common/units.ts";
import { inLanguage, type AssetType, type SignalType } from "./catalogue.ts";
import { Choice } from "./Choice.tsx";
import type { Binding } from "./document.ts";
import { Icon } from "./Icon.tsx";
import { useComposer } from "./store.ts";

const language = document.documentElement.lang;

interface Gateway {
  id: string;
  name: string;
  disabled_at: string | null;
}

interface SentKey {
  key: string;
  asset: string | null;
}

function wordsFor(signal: string, name: SignalType["name"]): string {
  return inLanguage(name, language) || signal.replaceAll("_", " ");
}

/** What an address answers, again for each address; nothing while it is not known, and what is wrong. */
function useAnswer<Answer>(url: string, load: (url: string) => Promise<Answer>): [Answer | null, string] {
  const [known, setKnown] = useState<{ url: string; answer: Answer | null; trouble: string } | null>(null);
  useEffect(() => {
    let wanted = url !== "";
    if (wanted)
      load(url).then(
        (answer) => {
          if (wanted) setKnown({ url, answer, trouble: "" });
        },
        (error: unknown) => {
          if (wanted) setKnown({ url, answer: null, trouble: error instanceof Error ? error.message : String(error) });
        },
      );
    return () => {
      wanted = false;
    };
  }, [url, load]);
  return known?.url === url ? [known.answer, known.trouble] : [null, ""];
}

const allGateways = (url: string): Promise<Gateway[]> => everyPage<Gateway>(url);
const keysOf = async (url: string): Promise<SentKey[]> => (await call<{ keys: SentKey[] }>(url)).keys;

interface TextOptions {
  label: string;
  help: string;
  value: string;
  write: (text: string) => void;
  /** The most letters. */
  longest: number;
  required?: boolean;
  /** What may be meant. */
  offers?: string[];
}

function Text({ label, help, value, write, longest, required = false, offers = [] }: TextOptions) {
  const id = useId();
  return (
    <div className="form-field">
      <label className="form-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="form-control"
        maxLength={longest}
        required={required}
        autoComplete="off"
        list={`${id}-offers`}
        aria-describedby={`${id}-note`}
        value={value}
        onChange={(event) => {
          write(event.target.value);
        }}
      />
      <datalist id={`${id}-offers`}>
        {offers.map((offer) => (
          <option key={offer} value={offer} />
        ))}
      </datalist>
      <div id={`${id}-note`} className="form-note">
        {help}
      </div>
    </div>
  );
}

/** The key, with those offered that the gateway sends and nobody reads. */
function Key({ url, value, write }: { url: string; value: string; write: (text: string) => void }) {
  const [keys, trouble] = useAnswer(url, keysOf);
  return (
    <Text
      label={gettext("Key")}
      help={trouble || gettext("What the gateway calls it. Keys it sends and nobody reads are offered.")}
      value={value}
      write={write}
      longest={256}
      required
      offers={(keys ?? []).filter((one) => !one.asset).map((one) => one.key)}
    />
  );
}

interface FormOptions {
  api: string;
  /** The signals that nothing is read for; at least one. */
  open: [string, SignalType][];
  bind: (signal: string, binding: Binding) => void;
}

function BindingForm({ api, open, bind, gateways }: FormOptions & { gateways: [string, string][] }) {
  const [wanted, setSignal] = useState("");
  const [gateway, setGateway] = useState(gateways.length === 1 ? (gateways[0]?.[0] ?? "") : "");
  const [key, setKey] = useState("");
  const [unit, setUnit] = useState("");
  const [signal, type] = open.find(([name]) => name === wanted) ?? open[0] ?? ["", { unit: "1" }];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        bind(signal, { gateway, key: key.trim(), unit: unit.trim() || null });
        setSignal("");
        setKey("");
      }}
    >
      <Choice
        label={gettext("Signal")}
        value={signal}
        choices={open.map(([name, { name: words }]) => [name, wordsFor(name, words)])}
        choose={setSignal}
      />
      <Choice label={gettext("Gateway")} value={gateway} choices={gateways} choose={setGateway} />
      <Key url={gateway && `${api}/gateways/${gateway}/recent/`} value={key} write={setKey} />
      <Text
        label={gettext("Unit it is sent in")}
        help={gettext("A UCUM code; left empty it is that of the signal, {unit}.", { unit: symbol(type.unit) || "1" })}
        value={unit}
        write={setUnit}
        longest={64}
      />
      <button type="submit" className="btn">
        {gettext("Read it")}
      </button>
    </form>
  );
}

/** Which key of which gateway a signal is read from. */
function NewBinding(options: FormOptions) {
  const [gateways, trouble] = useAnswer(`${options.api}/gateways/`, allGateways);
  if (trouble)
    return <p className="form-error">{gettext("The gateways could not be loaded: {why}", { why: trouble })}</p>;
  if (!gateways) return null;
  const usable = gateways.filter((one) => !one.disabled_at).map((one): [string, string] => [one.id, one.name]);
  if (usable.length === 0)
    return <p className="composer-hint">{gettext("There is no gateway yet. Make one on the page Gateways.")}</p>;
  return <BindingForm {...options} gateways={usable} />;
}

/** The signals of an asset that are read from gateways, and a form to read another. */
export function Signals({ id, type, api }: { id: string; type: AssetType | undefined; api: string }) {
  const all = useComposer((state) => state.document.bindings);
  const canEdit = useComposer((state) => state.canEdit);
  const [reading, setReading] = useState(false);
  const { perform } = useComposer.getState();
  const bindings = Object.entries(all).filter(([place]) => place.startsWith(`${id}/`));
  const open = Object.entries(type?.signals ?? {}).filter(([signal]) => !all[`${id}/${signal}`]);
  return (
    <section>
      <h2>{gettext("Signals")}</h2>
      {bindings.length === 0 && <p className="composer-hint">{gettext("No signal is read from a gateway yet.")}</p>}
      <ul className="rows">
        {bindings.map(([place, binding]) => {
          const key = place.slice(id.length + 1);
          const signal = wordsFor(key, type?.signals[key]?.name);
          return (
            <li key={place}>
              <span>
                {signal} <small>{binding.key}</small>
              </span>
              {canEdit && (
                <button
                  type="button"
                  className="btn btn-sm"
                  aria-label={gettext("Stop reading {signal}", { signal })}
                  onClick={() => {
                    perform([{ op: "unbind", place }]);
                  }}
                >
                  <Icon name="x" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {canEdit && open.length > 0 && (
        <details
          className="disclosure"
          onToggle={(event) => {
            setReading(event.currentTarget.open);
          }}
        >
          <summary>{gettext("Read a signal")}</summary>
          {reading && (
            <NewBinding
              api={api}
              open={open}
              bind={(signal, binding) => {
                perform([{ op: "bind", place: `${id}/${signal}`, ...binding }]);
              }}
            />
          )}
        </details>
      )}
    </section>
  );
}
