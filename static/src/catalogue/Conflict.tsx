import "./conflict.css";
import { useState } from "react";
import { gettext } from "../common/gettext.ts";
import { Dialog } from "../composer/Dialog.tsx";
import { RefusedWords } from "../composer/RefusedWords.tsx";
import type { Clash } from "./changes.ts";
import { inWords } from "./Frame.tsx";
import type { Saving, SaveState } from "./saving.ts";
import { useEditor } from "./store.ts";

const placeInWords = (path: Clash["path"]): string => path.join(" › ");

/** Both sides of what two people changed to different things, to choose from place by place. */
function Sides({ clashes, saving }: { clashes: readonly Clash[]; saving: Saving }) {
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set());
  const choose = (place: string, isTheirs: boolean): void => {
    const next = new Set(theirs);
    if (isTheirs) next.add(place);
    else next.delete(place);
    setTheirs(next);
  };
  return (
    <Dialog title={gettext("Someone else changed the same")}>
      <p>
        {gettext(
          "Nothing of either side is lost yet. Choose for each place which one counts; all other changes of both are kept.",
        )}
      </p>
      <div className="type-clashes">
        {clashes.map((clash) => {
          const place = clash.path.join("/");
          const isTheirs = theirs.has(place);
          return (
            <fieldset key={place}>
              <legend>{placeInWords(clash.path)}</legend>
              <label>
                <input
                  type="radio"
                  name={place}
                  checked={!isTheirs}
                  onChange={() => {
                    choose(place, false);
                  }}
                />
                <span>
                  <strong>{gettext("Yours, not saved")}</strong> {inWords(clash.mine)}
                </span>
              </label>
              <label>
                <input
                  type="radio"
                  name={place}
                  checked={isTheirs}
                  onChange={() => {
                    choose(place, true);
                  }}
                />
                <span>
                  <strong>{gettext("Theirs, saved")}</strong> {inWords(clash.theirs)}
                </span>
              </label>
            </fieldset>
          );
        })}
      </div>
      <div className="form-bar">
        <button type="button" className="btn btn-primary" autoFocus onClick={() => void saving.resolve(theirs)}>
          {gettext("Go on with these")}
        </button>
        <button
          type="button"
          className="btn"
          onClick={() => void saving.resolve(new Set(clashes.map(({ path }) => path.join("/"))))}
        >
          {gettext("Take theirs for all")}
        </button>
      </div>
    </Dialog>
  );
}

function Refused({ save, saving }: { save: SaveState & { kind: "refused" }; saving: Saving }) {
  const [isAside, setAside] = useState(false);
  if (isAside) return null;
  return (
    <Dialog
      title={gettext("The last change was not saved")}
      close={() => {
        setAside(true);
      }}
    >
      <RefusedWords problem={save.problem} />
      <div className="form-bar">
        <button type="button" className="btn btn-primary" autoFocus onClick={() => void saving.retry()}>
          {gettext("Try again")}
        </button>
        <button
          type="button"
          className="btn"
          onClick={() => {
            setAside(true);
            useEditor.getState().undo();
            void saving.retry();
          }}
        >
          {gettext("Undo the change")}
        </button>
      </div>
    </Dialog>
  );
}

/** What stands between the page and the server, to be decided by the person. */
export function Trouble({ saving }: { saving: Saving }) {
  const save = useEditor((state) => state.save);
  if (save.kind === "conflict") return <Sides clashes={save.clashes} saving={saving} />;
  return save.kind === "refused" ? <Refused key={JSON.stringify(save.problem)} save={save} saving={saving} /> : null;
}
