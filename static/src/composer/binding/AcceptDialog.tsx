import { useState } from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { symbol } from "../../common/units.ts";
import { Dialog } from "../Dialog.tsx";
import { useComposer } from "../store.ts";
import { accepting } from "./plan.ts";
import type { Candidate } from "./keys.ts";
import { PreviewTable } from "./PreviewTable.tsx";
import { placeInWords } from "./words.ts";

interface Options {
  good: [string, Candidate][];
  close: () => void;
}

/** All good suggestions at once, after a look at them; one step to undo. */
export function AcceptDialog({ good, close }: Options) {
  // What was looked at is what is accepted, whatever comes meanwhile.
  const [shown] = useState(good);
  const { document, types, perform } = useComposer.getState();
  return (
    <Dialog title={gettext("Accept all good suggestions")} close={close}>
      <p>{gettext("Name, asset and range of these go well together, and no other key comes near.")}</p>
      <PreviewTable
        words={gettext("What is bound")}
        rows={shown.map(([place, { key, unit }]) => ({
          place,
          ...placeInWords(place, document, types),
          key,
          words: unit
            ? gettext("will be bound, taken in {unit}", { unit: symbol(unit) || unit })
            : gettext("will be bound"),
          isBound: true,
        }))}
      />
      <div className="form-bar">
        <button
          type="button"
          className="btn btn-primary"
          autoFocus
          onClick={() => {
            perform(shown.map(([place, candidate]) => accepting(place, candidate)));
            announce(
              ngettext(
                "{count} signal is bound. Undo with Ctrl-Z.",
                "{count} signals are bound. Undo with Ctrl-Z.",
                shown.length,
              ),
            );
            close();
          }}
        >
          {ngettext("Bind {count} signal", "Bind {count} signals", shown.length)}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
