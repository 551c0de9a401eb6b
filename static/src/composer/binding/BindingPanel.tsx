import "./binding.css";
import { Suspense, useMemo, useState } from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { later } from "../../common/later.ts";
import type { Asset, Binding } from "../model/document.ts";
import { Icon } from "../Icon.tsx";
import { Section } from "../details/Section.tsx";
import { useComposer } from "../store.ts";
import { useAsked } from "./asking.ts";
import { KeyList } from "./KeyList.tsx";
import { Keys, type SentKey, type Source, type Suggestion } from "./keys.ts";
import { bestFor, goodOnes, isOpen, nameOf, readKeys } from "./plan.ts";
import { SignalRow } from "./SignalRow.tsx";
import { signalInWords } from "./words.ts";

// Dialogs come when they are opened.
const AcceptDialog = later(() => import("./AcceptDialog.tsx").then((part) => part.AcceptDialog));
const PatternDialog = later(() => import("./PatternDialog.tsx").then((part) => part.PatternDialog));

const EVERY = 4000;
const SUGGESTED_EVERY = 15_000;
/** Assets whose signals are listed; the others can be bound by suggestions and patterns. */
const MOST_LISTED = 20;
const MOST_SUGGESTED = 300;

interface Options {
  /** The assets whose signals are bound. */
  ids: string[];
  api: string;
  /** Whether the signals are listed; those of a whole twin are too many. */
  isListed?: boolean;
}

/** What the draft reads for some assets. */
function sourcesOf(bindings: Record<string, Binding>, ids: readonly string[]): Source[] {
  const wanted = new Set(ids);
  return Object.entries(bindings)
    .filter(([place]) => wanted.has(place.split("/")[0] ?? ""))
    .map(([, { gateway, key }]) => ({ gateway, key }));
}

/** The suggestions for some assets, asked anew when the draft is saved with other bindings. */
function useSuggestions(keys: Keys, ids: string[]): Map<string, Suggestion> {
  const isSaved = useComposer((state) => state.save.kind === "saved");
  const canEdit = useComposer((state) => state.canEdit);
  const bindings = useComposer((state) => state.document.bindings);
  const name = `${ids.join()} ${Object.keys(bindings).length}`;
  const { answer } = useAsked(
    name,
    isSaved && canEdit && ids.length > 0 ? () => keys.suggestions(ids) : null,
    SUGGESTED_EVERY,
  );
  return useMemo(() => new Map((answer ?? []).map((one) => [one.place, one])), [answer]);
}

/** The signal that a chosen key is the likeliest for. */
function useLikeliest(keys: Keys, ids: string[], chosen: SentKey | null): string | null {
  const { answer } = useAsked(
    `${ids.join()} ${chosen ? nameOf(chosen) : ""}`,
    chosen ? () => keys.suggestions(ids, { gateway: chosen.gateway, key: chosen.key }) : null,
    0,
  );
  if (!chosen) return null;
  const scored = (answer ?? []).flatMap(({ place, candidates }) =>
    candidates.filter((one) => nameOf(one) === nameOf(chosen)).map(({ score }): [string, number] => [place, score]),
  );
  return scored.sort(([, one], [, other]) => other - one)[0]?.[0] ?? null;
}

interface ListOptions extends Options {
  keys: Keys;
  suggestions: Map<string, Suggestion>;
  chosen: SentKey | null;
  bind: (place: string, key: SentKey) => void;
}

function AssetSignals({
  id,
  asset,
  known,
  likeliest,
  isAlone,
  options,
}: {
  id: string;
  asset: Asset;
  known: Map<string, SentKey>;
  likeliest: string | null;
  isAlone: boolean;
  options: ListOptions;
}) {
  const shown = useComposer((state) => state.document);
  const type = useComposer((state) => state.types.get(asset.type));
  const signals = Object.entries(type?.signals ?? {});
  return (
    <>
      {!isAlone && <h3 className="signal-asset">{asset.name}</h3>}
      <ul
        className="signal-list"
        // It may scroll, and have nothing else to be focused.
        tabIndex={0}
        aria-label={isAlone ? gettext("Signals") : gettext("Signals of {name}", { name: asset.name })}
      >
        {signals.map(([key, signal]) => {
          const place = `${id}/${key}`;
          const binding = shown.bindings[place];
          const suggestion = options.suggestions.get(place);
          const offered = bestFor(shown, suggestion);
          return (
            <SignalRow
              key={place}
              keys={options.keys}
              place={place}
              name={signalInWords(key, signal)}
              signal={signal}
              type={asset.type}
              binding={binding}
              known={binding && known.get(nameOf(binding))}
              offered={offered}
              isGood={Boolean(suggestion?.good && offered && offered === suggestion.taken)}
              chosen={options.chosen}
              isLikeliest={likeliest === place}
              bind={options.bind}
            />
          );
        })}
      </ul>
    </>
  );
}

function SignalList(options: ListOptions) {
  const shown = useComposer((state) => state.document);
  const listed = options.ids.filter((id) => shown.assets[id]).slice(0, MOST_LISTED);
  const sources = sourcesOf(shown.bindings, listed);
  const { answer } = useAsked(sources.map(nameOf).join(), () => options.keys.known(sources), EVERY);
  const known = new Map((answer ?? []).map((one) => [nameOf(one), one]));
  const likeliest = useLikeliest(options.keys, listed, options.chosen);
  return (
    <>
      {listed.map((id) => {
        const asset = shown.assets[id];
        return (
          asset && (
            <AssetSignals
              key={id}
              id={id}
              asset={asset}
              known={known}
              likeliest={likeliest}
              isAlone={options.ids.length === 1}
              options={options}
            />
          )
        );
      })}
      {options.ids.length > MOST_LISTED && (
        <p className="composer-hint">
          {gettext("The signals of the first {most} assets are listed.", { most: MOST_LISTED })}
        </p>
      )}
    </>
  );
}

/** Whether some signals of these assets read nothing and can be bound here. */
export function useWanting(ids: string[]): boolean {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const canEdit = useComposer((state) => state.canEdit);
  return useMemo(() => {
    const wants = (id: string): boolean =>
      Object.keys(types.get(shown.assets[id]?.type ?? "")?.signals ?? {}).some((key) => isOpen(shown, `${id}/${key}`));
    return canEdit && ids.some(wants);
  }, [ids, shown, types, canEdit]);
}

/** What the unit of a key says for a signal: what was suggested for both, else what the key is sure of. */
function unitFor(key: SentKey, unit: string, suggestion: Suggestion | undefined): string | null {
  const same = [suggestion?.taken, ...(suggestion?.candidates ?? [])].find((one) => one && nameOf(one) === nameOf(key));
  if (same) return same.unit;
  return key.guess && key.guess.by !== "quantity" && key.guess.unit !== unit ? key.guess.unit : null;
}

function useBind(suggestions: Map<string, Suggestion>, done: () => void): (place: string, key: SentKey) => void {
  return (place, key) => {
    const { document, types, perform } = useComposer.getState();
    const [id = "", name = ""] = place.split("/");
    const signal = types.get(document.assets[id]?.type ?? "")?.signals[name];
    if (!signal) return;
    const unit = unitFor(key, signal.unit, suggestions.get(place));
    perform([{ op: "bind", place, gateway: key.gateway, key: key.key, ...(unit ? { unit } : {}) }]);
    announce(gettext("{signal} is read from {key}.", { signal: signalInWords(name, signal), key: key.key }));
    done();
  };
}

function Ways({ good, choose }: { good: number; choose: (dialog: "accept" | "pattern") => void }) {
  return (
    <div className="binding-ways">
      {good > 0 && (
        <button
          type="button"
          className="btn"
          onClick={() => {
            choose("accept");
          }}
        >
          <Icon name="checks" />
          {ngettext("Accept {count} good suggestion", "Accept {count} good suggestions", good)}
        </button>
      )}
      <button
        type="button"
        className="btn"
        onClick={() => {
          choose("pattern");
        }}
      >
        <Icon name="table" />
        {gettext("Bind by a pattern")}
      </button>
    </div>
  );
}

/** The signals of assets with what they read, and the keys that nobody reads: dragged, suggested or by a pattern. */
export function BindingPanel({ ids, api, isListed = true }: Options) {
  const shown = useComposer((state) => state.document);
  const twin = String(shown.twin);
  const keys = useMemo(() => new Keys(api, twin), [api, twin]);
  const [chosen, setChosen] = useState<SentKey | null>(null);
  const [dialog, setDialog] = useState<"accept" | "pattern" | null>(null);
  const suggested = ids.filter((id) => shown.assets[id]).slice(0, MOST_SUGGESTED);
  const suggestions = useSuggestions(keys, suggested);
  const bind = useBind(suggestions, () => {
    setChosen(null);
  });
  const good = goodOnes(shown, [...suggestions.values()]);
  const isWanting = useWanting(ids);
  const isBeside = isWanting && ids.length === 1;
  const close = (): void => {
    setDialog(null);
  };
  return (
    <div
      data-beside={isBeside}
      onKeyDown={(event) => {
        if (event.key === "Escape" && chosen) setChosen(null);
      }}
    >
      {isListed && <SignalList ids={ids} api={api} keys={keys} suggestions={suggestions} chosen={chosen} bind={bind} />}
      {isWanting && <Ways good={good.length} choose={setDialog} />}
      {isWanting && isListed && (
        <Section id="keys" title={gettext("Keys that nobody reads")}>
          <KeyList keys={keys} read={readKeys(shown)} chosen={chosen} choose={setChosen} />
        </Section>
      )}
      <Suspense>
        {dialog === "accept" && <AcceptDialog good={good} close={close} />}
        {dialog === "pattern" && <PatternDialog keys={keys} api={api} assets={ids} close={close} />}
      </Suspense>
    </div>
  );
}
