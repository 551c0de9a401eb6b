import { Suspense, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { later } from "../../common/later.ts";
import type { SignalType } from "../model/catalogue.ts";
import type { Binding } from "../model/document.ts";
import { Icon } from "../Icon.tsx";
import { useComposer } from "../store.ts";
import { DRAGGED, draggedKey } from "./dragging.ts";
import type { Candidate, Keys, SentKey } from "./keys.ts";
import { accepting, figure } from "./plan.ts";

const TransformForm = later(() => import("./TransformForm.tsx").then((part) => part.TransformForm));

const language = document.documentElement.lang;

/** What the row of a signal needs to know. */
export interface SignalOptions {
  keys: Keys;
  place: string;
  /** What people call it. */
  name: string;
  signal: SignalType;
  /** `key@version` of its type. */
  type: string;
  binding: Binding | undefined;
  /** What is known of the key that it reads. */
  known: SentKey | undefined;
  offered: Candidate | null;
  isGood: boolean;
  /** A key that waits for its signal. */
  chosen: SentKey | null;
  /** Whether this signal is the likeliest for that key. */
  isLikeliest: boolean;
  bind: (place: string, key: SentKey) => void;
}

/** The focus goes to the next suggestion, so that one after the other can be accepted without a pointer. */
function toNextOffer(): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>("[data-accept]")?.focus();
  });
}

function Value({ known, unit, place }: { known: SentKey | undefined; unit: string; place: string }) {
  if (!known || known.value === null) return <small>{gettext("nothing yet")}</small>;
  const isStored = known.signal !== null && `${known.asset ?? ""}/${known.signal}` === place;
  return (
    <span className="signal-value">
      {figure(known.value, language)} <small>{isStored ? symbol(known.unit ?? unit) : gettext("as sent")}</small>
    </span>
  );
}

function Bound({ options, binding }: { options: SignalOptions; binding: Binding }) {
  const [isOpen, setOpen] = useState(false);
  const canEdit = useComposer((state) => state.canEdit);
  const { place, name, signal, known } = options;
  const isChanged = Boolean(binding.scale ?? binding.offset ?? binding.unit ?? binding.expression);
  return (
    <>
      <div className="signal-line">
        <span className="signal-name">
          {name} <small className="signal-key">{binding.key}</small>
        </span>
        <Value known={known} unit={signal.unit} place={place} />
        {canEdit && (
          <>
            <button
              type="button"
              className={isChanged ? "btn btn-sm is-changed" : "btn btn-sm"}
              aria-expanded={isOpen}
              aria-label={gettext("Transform {signal}", { signal: name })}
              title={gettext("Scale, offset, unit or an expression")}
              onClick={() => {
                setOpen(!isOpen);
              }}
            >
              <Icon name="adjustments-horizontal" />
            </button>
            <button
              type="button"
              className="btn btn-sm"
              aria-label={gettext("Stop reading {signal}", { signal: name })}
              onClick={() => {
                useComposer.getState().perform([{ op: "unbind", place }]);
              }}
            >
              <Icon name="x" />
            </button>
          </>
        )}
      </div>
      <Suspense>
        {isOpen && (
          <TransformForm
            keys={options.keys}
            place={place}
            type={options.type}
            unit={signal.unit}
            binding={binding}
            close={() => {
              setOpen(false);
            }}
          />
        )}
      </Suspense>
    </>
  );
}

function Offer({
  place,
  name,
  offered,
  isGood,
}: Pick<SignalOptions, "place" | "name" | "isGood"> & { offered: Candidate }) {
  // What is seen is part of what is said.
  const key = [offered.key, offered.unit && symbol(offered.unit)].filter(Boolean).join(" ");
  return (
    <button
      type="button"
      className={isGood ? "offer is-good" : "offer"}
      data-accept={place}
      aria-label={gettext("Read {signal} from {key}", { signal: name, key })}
      title={
        isGood
          ? gettext("Name, asset and range go well together.")
          : gettext("A guess: look at it before you accept it.")
      }
      onClick={() => {
        useComposer.getState().perform([accepting(place, offered)]);
        toNextOffer();
      }}
    >
      <Icon name={isGood ? "check" : "question-mark"} />
      <span>
        {offered.key} {offered.unit && <small>{symbol(offered.unit)}</small>}
      </span>
    </button>
  );
}

function Open({ options }: { options: SignalOptions }) {
  const canEdit = useComposer((state) => state.canEdit);
  const { place, name, offered, isGood, chosen, isLikeliest, bind } = options;
  return (
    <div className="signal-line">
      <span className="signal-name">
        {name} {!canEdit && <small>{gettext("reads nothing")}</small>}
      </span>
      {chosen && canEdit && (
        <button
          type="button"
          className={isLikeliest ? "btn btn-sm btn-primary" : "btn btn-sm"}
          data-likeliest={isLikeliest || undefined}
          aria-label={gettext("Read it here: {signal} from {key}", { signal: name, key: chosen.key })}
          onClick={() => {
            bind(place, chosen);
          }}
        >
          {gettext("Read it here")}
        </button>
      )}
      {!chosen && canEdit && offered && <Offer place={place} name={name} offered={offered} isGood={isGood} />}
    </div>
  );
}

/** A signal with what it reads, or with what is offered to it; a key can be let go on it. */
export function SignalRow(options: SignalOptions) {
  const [isOver, setOver] = useState(false);
  const canEdit = useComposer((state) => state.canEdit);
  const takes = (data: DataTransfer): boolean => canEdit && data.types.includes(DRAGGED);
  return (
    <li
      className={isOver ? "signal-row is-over" : "signal-row"}
      data-place={options.place}
      onDragOver={(event) => {
        if (!takes(event.dataTransfer)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "link";
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        const key = takes(event.dataTransfer) ? draggedKey(event.dataTransfer) : null;
        if (!key) return;
        event.preventDefault();
        options.bind(options.place, key);
      }}
    >
      {options.binding ? <Bound options={options} binding={options.binding} /> : <Open options={options} />}
    </li>
  );
}
