import { useId, useState } from "react";
import "./conflict.css";
import { gettext, ngettext } from "../../common/gettext.ts";
import type { Autosave } from "./autosave.ts";
import { Dialog } from "../Dialog.tsx";
import type { TwinDocument } from "../model/document.ts";
import { download } from "./keeping.ts";
import { misfits, type Choice, type Clash } from "./merge.ts";
import { compact } from "../model/operations.ts";
import type { SaveState } from "./saving.ts";
import { useComposer } from "../store.ts";
import { nameOf } from "../together/together.ts";
import { inWords, placeInWords } from "../model/words.ts";

interface Side {
  choice: Choice;
  title: string;
  sentences: string[];
}

function sidesOf(clash: Clash, shown: TwinDocument, saved: TwinDocument): Side[] {
  const mine = compact(clash.mine).map((operation) => inWords(operation, shown));
  const theirs = clash.theirs.map(({ operation }) => inWords(operation, shown));
  const authors = [...new Set(clash.theirs.map(({ author }) => nameOf(author)))];
  // What they took away is brought back with ours; what is gone otherwise is gone.
  const canBeMine = clash.restoring.length > 0 || misfits(saved, clash.mine).length === 0;
  const theirSide = theirs.length ? theirs : [gettext("As it is in the draft now")];
  return [
    ...(canBeMine ? [{ choice: "mine" as const, title: gettext("You"), sentences: mine }] : []),
    { choice: "theirs", title: authors.join(", ") || gettext("The draft"), sentences: theirSide },
  ];
}

function Place({
  autosave,
  before,
  clash,
  chosen,
  choose,
}: {
  autosave: Autosave;
  before: TwinDocument;
  clash: Clash;
  chosen: Choice | undefined;
  choose: (choice: Choice) => void;
}) {
  const shown = useComposer((state) => state.document);
  const saved = autosave.base.document;
  const name = useId();
  // Everything is called what it was called before either side did something.
  const both = {
    ...before,
    assets: { ...shown.assets, ...saved.assets, ...before.assets },
    groups: { ...shown.groups, ...saved.groups, ...before.groups },
    links: { ...shown.links, ...saved.links, ...before.links },
  };
  const sides = sidesOf(clash, both, saved);
  const lost = sides.every((side) => side.choice === "theirs") ? compact(clash.mine) : [];
  return (
    <fieldset className="conflict-place">
      <legend>{placeInWords(clash.place, both)}</legend>
      {lost.length > 0 && (
        <p className="composer-hint">
          {gettext("What you changed is not there any more:")} {lost.map((each) => inWords(each, both)).join("; ")}
        </p>
      )}
      <div className="conflict-sides">
        {sides.map((side) => (
          <label key={side.choice} className="conflict-side" data-chosen={chosen === side.choice}>
            <input
              type="radio"
              name={name}
              checked={chosen === side.choice}
              onChange={() => {
                choose(side.choice);
              }}
            />
            <span>
              <strong>{side.title}</strong>
              {side.sentences.map((sentence, index) => (
                <span key={index} className="conflict-sentence">
                  {sentence}
                </span>
              ))}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The places that both sides changed, with what each did, and a choice at each of them. */
export function ConflictDialog({
  autosave,
  conflict,
}: {
  autosave: Autosave;
  conflict: SaveState & { kind: "conflict" };
}) {
  const { before, clashes, notice } = conflict;
  const [choices, setChoices] = useState<ReadonlyMap<string, Choice>>(new Map());
  const open = clashes.filter((clash) => !choices.has(clash.place)).length;
  const all = (choice: Choice): void => {
    setChoices(new Map(clashes.map((clash) => [clash.place, choice])));
  };
  return (
    <Dialog title={gettext("Somebody else changed the same")}>
      {notice && <p className="form-summary">{notice}</p>}
      <p>
        {gettext("Nothing of either side is lost.")}{" "}
        {ngettext(
          "Choose what counts at this place; everything else was put together by itself.",
          "Choose what counts at these {count} places; everything else was put together by itself.",
          clashes.length,
        )}
      </p>
      <div className="form-bar conflict-all">
        <button
          type="button"
          className="btn btn-sm"
          onClick={() => {
            all("mine");
          }}
        >
          {gettext("Mine everywhere")}
        </button>
        <button
          type="button"
          className="btn btn-sm"
          onClick={() => {
            all("theirs");
          }}
        >
          {gettext("Theirs everywhere")}
        </button>
      </div>
      <div className="dialog-list conflict-list">
        {clashes.map((clash) => (
          <Place
            key={clash.place}
            autosave={autosave}
            before={before}
            clash={clash}
            chosen={choices.get(clash.place)}
            choose={(choice) => {
              setChoices(new Map([...choices, [clash.place, choice]]));
            }}
          />
        ))}
      </div>
      <div className="form-bar">
        <button
          type="button"
          className="btn btn-primary"
          disabled={open > 0}
          onClick={() => void autosave.resolve(choices)}
        >
          {open
            ? ngettext("{count} place to choose", "{count} places to choose", open)
            : gettext("Save what was chosen")}
        </button>
        <button
          type="button"
          className="btn"
          onClick={() => {
            download(autosave, clashes);
          }}
        >
          {gettext("Download my changes")}
        </button>
      </div>
    </Dialog>
  );
}
