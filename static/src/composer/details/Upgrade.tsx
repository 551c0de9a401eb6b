import { useEffect, useState } from "react";
import { call, RefusedError, UnreachableError } from "../../common/api.ts";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { typeInWords } from "../model/catalogue.ts";
import { Dialog } from "../Dialog.tsx";
import { Icon } from "../Icon.tsx";
import { useComposer } from "../store.ts";
import { effectIcon, summary, upgrading, type Upgrade } from "../model/upgrading.ts";

const language = document.documentElement.lang;

interface Options {
  api: string;
  upgrade: Upgrade;
  close: () => void;
}

/** The types that some assets become, each once. */
function useTargets(upgrade: Upgrade): string {
  const types = useComposer((state) => state.types);
  return [...new Set(upgrade.values())].map((ref) => typeInWords(types.get(ref), ref, language)).join(", ");
}

function Effects({ upgrade }: { upgrade: Upgrade }) {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const effects = summary(shown, types, upgrade, language);
  if (effects.length === 0) return <p>{gettext("Nothing that these assets say is touched by it.")}</p>;
  return (
    <ul className="effects">
      {effects.map(({ kind, words, count }) => (
        <li key={`${kind} ${words}`} className={`effect-${kind}`}>
          <Icon name={effectIcon(kind)} />
          <span>{words}</span>
          {upgrade.size > 1 && <small>{ngettext("{count} asset", "{count} assets", count)}</small>}
        </li>
      ))}
    </ul>
  );
}

/** One difference between two types, as the catalogue tells it. */
interface Difference {
  place: string;
  effect: "safe" | "needs a value" | "breaks";
  message: string;
}

/** Everything that is different in the type itself, its alarms and formulas too; nothing where the catalogue says nothing. */
function Differences({ api, of, to }: { api: string; of: string; to: string }) {
  const [items, setItems] = useState<Difference[]>([]);
  useEffect(() => {
    let wanted = true;
    const url = `${api}/asset-types/${encodeURIComponent(of)}/upgrade/?to=${encodeURIComponent(to)}`;
    call<{ items: Difference[] }>(url).then(
      (answer) => {
        if (wanted) setItems(answer.items);
      },
      (error: unknown) => {
        if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      },
    );
    return () => {
      wanted = false;
    };
  }, [api, of, to]);
  if (items.length === 0) return null;
  return (
    <details className="disclosure">
      <summary>
        {ngettext("{count} difference between the types", "{count} differences between the types", items.length)}
      </summary>
      <ul className="effects">
        {items.map(({ place, effect, message }) => (
          <li key={`${place} ${message}`} className={`effect-${KINDS[effect]}`}>
            <Icon name={effectIcon(KINDS[effect])} />
            <span>{message}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

const KINDS = { safe: "safe", "needs a value": "asks", breaks: "breaks" } as const;

/** The differences of every pair of types that assets go from and to. */
function AllDifferences({ api, upgrade }: { api: string; upgrade: Upgrade }) {
  const shown = useComposer((state) => state.document);
  const pairs = new Map(
    [...upgrade].flatMap(([id, to]): [string, [string, string]][] => {
      const of = shown.assets[id]?.type;
      return of ? [[`${of} ${to}`, [of, to]]] : [];
    }),
  );
  return [...pairs].map(([key, [of, to]]) => <Differences key={key} api={api} of={of} to={to} />);
}

/** What changes when assets are given other types, before it is done as one step. */
export function UpgradeDialog({ api, upgrade, close }: Options) {
  const [tidies, setTidies] = useState(false);
  const targets = useTargets(upgrade);
  const breaks = useComposer((state) =>
    summary(state.document, state.types, upgrade, language).some(({ kind }) => kind === "breaks"),
  );
  useEffect(() => {
    if (upgrade.size === 0) close();
  }, [upgrade, close]);
  const perform = (): void => {
    const { document: shown, types, perform: run } = useComposer.getState();
    run(upgrading(shown, types, upgrade, tidies, language));
    announce(
      ngettext(
        "{count} asset was upgraded. Undo with Ctrl-Z.",
        "{count} assets were upgraded. Undo with Ctrl-Z.",
        upgrade.size,
      ),
    );
    close();
  };
  return (
    <Dialog title={gettext("Change the type to {type}", { type: targets })} close={close}>
      <p>
        {ngettext(
          "What changes for the asset, before it is done:",
          "What changes for the {count} assets, before it is done:",
          upgrade.size,
        )}
      </p>
      <Effects upgrade={upgrade} />
      <AllDifferences api={api} upgrade={upgrade} />
      {breaks && (
        <label className="form-check">
          <input
            type="checkbox"
            className="form-check-input"
            checked={tidies}
            onChange={(event) => {
              setTidies(event.target.checked);
            }}
          />{" "}
          {gettext("Take away what no longer fits; else it stays and is told as a finding")}
        </label>
      )}
      <div className="form-bar">
        <button type="button" className="btn btn-primary" data-first onClick={perform}>
          {gettext("Change the type")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
