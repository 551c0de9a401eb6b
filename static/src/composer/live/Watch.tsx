import { useEffect, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { ageInWords } from "../../common/times.ts";
import { lookOf } from "../../live/fleet.ts";
import type { AssetType } from "../model/catalogue.ts";
import { Icon } from "../Icon.tsx";
import { usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";
import { doubtOf, nameOfSignal, signalOf, valueInWords } from "./drawing.ts";
import { choose, useLive } from "./feed.ts";
import "./live.css";
import { shownSignals, type LiveValues, type Reading } from "./values.ts";

/** How many readings of each signal are kept for its line. */
const PAST = 60;
const WIDTH = 64;
const HEIGHT = 20;

type Past = Record<string, Reading[]>;

interface Seen {
  now: number;
  past: Past;
}

/** The readings so far with those that have come. */
function grown(past: Past, live: LiveValues, asset: string): Past {
  return Object.fromEntries(
    live.keysOf(asset).map((key): [string, Reading[]] => {
      const [known, newest] = [past[key] ?? [], live.reading(asset, key)];
      if (!newest || known.at(-1)?.[0] === newest[0]) return [key, known];
      return [key, [...known, newest].slice(-PAST)];
    }),
  );
}

/** What was read since the panel was opened, again with each change. */
function useSeen(live: LiveValues, asset: string): Seen {
  const [seen, setSeen] = useState<Seen>(() => ({ now: Date.now(), past: grown({}, live, asset) }));
  useEffect(
    () =>
      live.watch(asset, () => {
        setSeen(({ past }) => ({ now: Date.now(), past: grown(past, live, asset) }));
      }),
    [live, asset],
  );
  return seen;
}

function Trend({ past }: { past: Reading[] }) {
  if (past.length < 2) return null;
  const values = past.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (value: number): number => HEIGHT - 2 - ((value - low) / (high - low || 1)) * (HEIGHT - 4);
  const points = values.map((value, index) => `${(index / (values.length - 1)) * WIDTH},${y(value).toFixed(1)}`);
  return (
    <svg className="watch-trend" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" strokeWidth="1.5" />
    </svg>
  );
}

interface RowOptions {
  signal: string;
  type: AssetType | undefined;
  seen: Seen;
  /** The signals that are shown on the canvas. */
  onCanvas: readonly string[];
}

function SignalRow({ signal, type, seen, onCanvas }: RowOptions) {
  const of = signalOf(type, signal);
  const past = seen.past[signal] ?? [];
  const newest = past.at(-1);
  const doubt = newest ? doubtOf(of, newest, seen.now) : null;
  const name = nameOfSignal(type, signal);
  return (
    <tr className={doubt ? "watch-doubt" : ""}>
      <th scope="row">{name}</th>
      <td className="numeric">{newest ? valueInWords(of, newest) : "–"}</td>
      <td>
        <small>
          {doubt && (
            <>
              <Icon name={doubt[1]} /> {doubt[0]},{" "}
            </>
          )}
          {newest ? ageInWords(Date.parse(newest[0]), seen.now) : gettext("No data")}
        </small>
      </td>
      <td>
        <Trend past={past} />
      </td>
      <td>
        <input
          type="checkbox"
          className="form-check-input"
          aria-label={gettext("Show {signal} on the canvas", { signal: name })}
          checked={onCanvas.includes(signal)}
          onChange={(event) => {
            if (type) choose(type.key, onCanvas, signal, event.target.checked);
          }}
        />
      </td>
    </tr>
  );
}

function Alarms({ live, asset }: { live: LiveValues; asset: string }) {
  const alarms = live.alarmsOf(asset);
  if (alarms.length === 0) return null;
  return (
    <div className="watch-alarms">
      {alarms.map(({ id, name, priority, state }) => (
        <span key={id} className={`state state-${priority === "low" || priority === "medium" ? "warning" : "bad"}`}>
          <Icon name="bell" />
          {gettext("{name}: {priority}, {state}", { name, priority, state })}
        </span>
      ))}
    </div>
  );
}

function Signals({ live, asset }: { live: LiveValues; asset: string }) {
  const type = useComposer((state) => state.types.get(state.document.assets[asset]?.type ?? ""));
  const seen = useSeen(live, asset);
  const chosen = useLive((state) => state.shown[type?.key ?? ""]);
  const declared = [...Object.keys(type?.signals ?? {}), ...Object.keys(type?.derived ?? {})];
  const signals = [...new Set([...declared, ...live.keysOf(asset)])];
  const onCanvas = shownSignals(declared, chosen, (signal) => live.reading(asset, signal) !== undefined);
  const [word, name, tone] = lookOf(live.status(asset, type?.signals ?? {}, seen.now));
  return (
    <div className="watch-body" tabIndex={0} role="region" aria-label={gettext("Latest readings")}>
      <div className="watch-alarms">
        <span className={`state state-${tone}`}>
          <Icon name={name} />
          {word}
        </span>
      </div>
      <Alarms live={live} asset={asset} />
      <table>
        <thead>
          <tr>
            <th scope="col">{gettext("Signal")}</th>
            <th scope="col" className="numeric">
              {gettext("Value")}
            </th>
            <th scope="col">{gettext("Age")}</th>
            <th scope="col">{gettext("Trend")}</th>
            <th scope="col">{gettext("On canvas")}</th>
          </tr>
        </thead>
        <tbody>
          {signals.map((signal) => (
            <SignalRow key={signal} signal={signal} type={type} seen={seen} onCanvas={onCanvas} />
          ))}
        </tbody>
      </table>
      {signals.length === 0 && <p className="composer-hint">{gettext("Its type has no signals.")}</p>}
    </div>
  );
}

/** All signals of one asset as they come; it stays open while one works on, and until it is closed. */
export function Watch({ asset }: { asset: string }) {
  const name = useComposer((state) => state.document.assets[asset]?.name);
  const live = useLive((state) => state.values);
  if (name === undefined) return null;
  return (
    <section className="watch" aria-label={gettext("Signals of {name}", { name })}>
      <header>
        <Icon name="eye" />
        <h2>{name}</h2>
        <button
          type="button"
          className="bar-button"
          aria-label={gettext("Stop watching {name}", { name })}
          onClick={() => {
            usePanels.setState({ watched: null });
          }}
        >
          <Icon name="x" />
        </button>
      </header>
      {live && <Signals live={live} asset={asset} key={asset} />}
    </section>
  );
}
