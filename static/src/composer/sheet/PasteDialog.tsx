import { gettext, ngettext } from "../../common/gettext.ts";
import { Dialog } from "../Dialog.tsx";
import { Icon } from "../Icon.tsx";
import type { Paste } from "./pasting.ts";

/** How many changes and misfits are listed. */
const LISTED = 100;

function Facts({ paste }: { paste: Paste }) {
  const facts = [
    ngettext("{count} cell changes", "{count} cells change", paste.changes.length),
    paste.added.length > 0 ? ngettext("{count} new asset", "{count} new assets", paste.added.length) : "",
    paste.groups.length > 0 ? ngettext("{count} new group", "{count} new groups", paste.groups.length) : "",
  ].filter(Boolean);
  return (
    <>
      <p>
        <strong>{facts.join(", ")}</strong>
      </p>
      <p className="composer-hint">
        {paste.isHeaded
          ? gettext("The first row is headings: columns are told by them, and rows by their names.")
          : gettext("Cells go where they stand, from the chosen cell on.")}
      </p>
    </>
  );
}

function Misfits({ paste }: { paste: Paste }) {
  if (paste.misfits.length === 0) return null;
  return (
    <section>
      <h3>
        {ngettext(
          "{count} cell does not fit and is left out",
          "{count} cells do not fit and are left out",
          paste.misfits.length,
        )}
      </h3>
      <ul className="dialog-list effects" tabIndex={0} aria-label={gettext("Cells that do not fit")}>
        {paste.misfits.slice(0, LISTED).map(({ where, text, why }, index) => (
          <li key={index} className="effect-breaks">
            <Icon name="alert-triangle" />
            <span>
              <strong>{where}</strong> {text && <q>{text}</q>} {why}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Changes({ paste }: { paste: Paste }) {
  if (paste.changes.length === 0) return null;
  return (
    <section>
      <h3>{gettext("What changes")}</h3>
      <div className="dialog-list" tabIndex={0} role="region" aria-label={gettext("What changes")}>
        <table className="paste-changes">
          <thead>
            <tr>
              <th scope="col">{gettext("Cell")}</th>
              <th scope="col">{gettext("Now")}</th>
              <th scope="col">{gettext("Then")}</th>
            </tr>
          </thead>
          <tbody>
            {paste.changes.slice(0, LISTED).map(({ where, before, after }, index) => (
              <tr key={index}>
                <td>{where}</td>
                <td>{before || "–"}</td>
                <td>{after || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {paste.changes.length > LISTED && (
        <p className="composer-hint">{gettext("The first {count} are listed.", { count: LISTED })}</p>
      )}
    </section>
  );
}

interface Options {
  paste: Paste;
  accept: () => void;
  close: () => void;
}

/** What pasting would do, before it is done as one step. */
export function PasteDialog({ paste, accept, close }: Options) {
  const isEmpty = paste.operations.length === 0;
  return (
    <Dialog title={gettext("Paste into the table")} close={close}>
      <Facts paste={paste} />
      <Misfits paste={paste} />
      <Changes paste={paste} />
      <div className="form-bar">
        <button type="button" className="btn btn-primary" data-first disabled={isEmpty} onClick={accept}>
          {paste.misfits.length > 0 ? gettext("Paste what fits") : gettext("Paste")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
