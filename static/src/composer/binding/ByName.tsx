import { useId, useState } from "react";
import { everyPage } from "../../common/api.ts";
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import type { SignalType } from "../model/catalogue.ts";
import { Choice } from "../details/Choice.tsx";
import type { Binding } from "../model/document.ts";
import { useAsked } from "./asking.ts";
import { signalInWords } from "./words.ts";

interface Gateway {
  id: string;
  name: string;
  disabled_at: string | null;
}

interface TextOptions {
  label: string;
  help: string;
  value: string;
  write: (text: string) => void;
  /** The most letters. */
  longest: number;
  required?: boolean;
}

function Text({ label, help, value, write, longest, required = false }: TextOptions) {
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
        aria-describedby={`${id}-note`}
        value={value}
        onChange={(event) => {
          write(event.target.value);
        }}
      />
      <div id={`${id}-note`} className="form-note">
        {help}
      </div>
    </div>
  );
}

interface FormOptions {
  api: string;
  /** The signals that nothing is read for; at least one. */
  open: [string, SignalType][];
  bind: (signal: string, binding: Binding) => void;
}

function Form({ open, bind, gateways }: FormOptions & { gateways: [string, string][] }) {
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
        choices={open.map(([name, each]) => [name, signalInWords(name, each)])}
        choose={setSignal}
      />
      <Choice label={gettext("Gateway")} value={gateway} choices={gateways} choose={setGateway} />
      <Text
        label={gettext("Key")}
        help={gettext("What the gateway calls it; it need not have come yet.")}
        value={key}
        write={setKey}
        longest={256}
        required
      />
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

function Loaded(options: FormOptions) {
  const { answer, trouble } = useAsked(options.api, () => everyPage<Gateway>(`${options.api}/gateways/`), 0);
  if (trouble)
    return <p className="form-error">{gettext("The gateways could not be loaded: {why}", { why: trouble })}</p>;
  if (!answer) return null;
  const usable = answer.filter((one) => !one.disabled_at).map((one): [string, string] => [one.id, one.name]);
  if (usable.length === 0)
    return <p className="composer-hint">{gettext("There is no gateway yet. Make one on the page Gateways.")}</p>;
  return <Form {...options} gateways={usable} />;
}

/** A signal is bound to a key by its name, whether it has come or not. */
export function ByName(options: FormOptions) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="disclosure"
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{gettext("Read a signal")}</summary>
      {isOpen && <Loaded {...options} />}
    </details>
  );
}
