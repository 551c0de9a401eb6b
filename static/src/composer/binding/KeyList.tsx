import { useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { Choice } from "../details/Choice.tsx";
import { Icon } from "../Icon.tsx";
import { useAsked, useSettled } from "./asking.ts";
import { DRAGGED } from "./dragging.ts";
import type { Keys, SentKey } from "./keys.ts";
import { figure, keyInWords, nameOf } from "./plan.ts";
import { Spark } from "./Spark.tsx";
import { agoInWords } from "./words.ts";

const language = document.documentElement.lang;
const EVERY = 4000;

function Guess({ guess }: { guess: SentKey["guess"] }) {
  if (!guess) return null;
  const unit = symbol(guess.unit) || "1";
  const why = {
    device: gettext("The device says {unit}.", { unit }),
    name: gettext("Its name says {unit}.", { unit }),
    quantity: gettext("Perhaps {unit}: it is usual for what the name says.", { unit }),
  }[guess.by];
  return (
    <span className={guess.by === "quantity" ? "key-unit key-unit-perhaps" : "key-unit"} title={why}>
      {guess.by === "quantity" ? `${unit}?` : unit}
    </span>
  );
}

interface RowOptions {
  one: SentKey;
  isChosen: boolean;
  choose: (one: SentKey | null) => void;
}

function KeyRow({ one, isChosen, choose }: RowOptions) {
  const words = keyInWords(one, language);
  return (
    <li
      className={isChosen ? "key-row is-chosen" : "key-row"}
      draggable
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED, JSON.stringify(one));
        event.dataTransfer.effectAllowed = "link";
      }}
    >
      <span className="key-grip">
        <Icon name="grip-vertical" />
      </span>
      <button
        type="button"
        aria-pressed={isChosen}
        onClick={() => {
          choose(isChosen ? null : one);
        }}
      >
        <span className="key-name">{one.key}</span>
        <span className="key-facts">
          <Spark values={one.recent.map(({ value }) => value)} words={gettext("Recent values {words}", { words })} />
          <span className="key-value">{figure(one.value, language)}</span> <Guess guess={one.guess} />
          <small>
            {one.gateway_name}
            {one.at && ` · ${agoInWords(one.at)}`}
            {one.seen !== null && ` · ${gettext("{count} seen", { count: one.seen })}`}
          </small>
        </span>
      </button>
    </li>
  );
}

interface Options {
  keys: Keys;
  /** Keys that the draft reads though it may not be saved yet. */
  read: Set<string>;
  chosen: SentKey | null;
  choose: (one: SentKey | null) => void;
}

function NoKeys({ isSearched }: { isSearched: boolean }) {
  return (
    <p className="composer-hint">
      {isSearched
        ? gettext("No key that nobody reads has these words.")
        : gettext("No key has come that nobody reads. Keys show up here seconds after a gateway sends them.")}
    </p>
  );
}

function Found({
  found,
  isMore,
  chosen,
  choose,
}: Pick<Options, "chosen" | "choose"> & { found: SentKey[]; isMore: boolean }) {
  const name = chosen && nameOf(chosen);
  return (
    <>
      <ul className="key-list" aria-label={gettext("Keys that nobody reads")}>
        {found.map((one) => (
          <KeyRow key={nameOf(one)} one={one} isChosen={name === nameOf(one)} choose={choose} />
        ))}
      </ul>
      {isMore && <p className="composer-hint">{gettext("There are more; type to narrow the list.")}</p>}
      <p className="composer-hint">
        <Icon name="info-circle" /> {gettext("Drag a key onto a signal, or click it and choose the signal.")}
      </p>
    </>
  );
}

/** The keys that nothing reads, to be dragged onto a signal or chosen for one. */
export function KeyList({ keys, read, chosen, choose }: Options) {
  const [words, setWords] = useState("");
  const [gateway, setGateway] = useState("");
  const settled = useSettled(words.trim());
  const { answer, trouble } = useAsked(
    `${gateway} ${settled} ${read.size}`,
    () => keys.page({ gateway, words: settled }),
    EVERY,
  );
  const heard = answer?.results ?? [];
  const found = heard.filter((one) => !read.has(nameOf(one)));
  const gateways = new Map(heard.map((one) => [one.gateway, one.gateway_name]));
  return (
    <>
      <div className="search">
        <input
          type="search"
          className="form-control"
          aria-label={gettext("Find a key")}
          placeholder={gettext("Find a key")}
          maxLength={100}
          value={words}
          onChange={(event) => {
            setWords(event.target.value);
          }}
        />
      </div>
      {(gateways.size > 1 || gateway) && (
        <Choice
          label={gettext("Of the gateway")}
          value={gateway}
          choices={[...gateways]}
          choose={setGateway}
          optional
          nothing={gettext("all")}
        />
      )}
      {trouble && <p className="form-error">{gettext("The keys could not be loaded: {why}", { why: trouble })}</p>}
      {answer && found.length === 0 && <NoKeys isSearched={settled !== ""} />}
      {found.length > 0 && <Found found={found} isMore={Boolean(answer?.next)} chosen={chosen} choose={choose} />}
    </>
  );
}
