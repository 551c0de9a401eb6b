import { gettext } from "../../common/gettext.ts";

export interface PreviewRow {
  place: string;
  asset: string;
  signal: string;
  key: string;
  /** What happens, or the unit that it is taken in. */
  words: string;
  /** Whether it will be bound. */
  isBound: boolean;
}

const MOST = 300;

/** What would be bound to what. */
export function PreviewTable({ rows, words }: { rows: PreviewRow[]; words: string }) {
  return (
    <>
      <div className="preview" role="region" aria-label={words} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{gettext("Asset")}</th>
              <th scope="col">{gettext("Signal")}</th>
              <th scope="col">{gettext("Key")}</th>
              <th scope="col">{gettext("What happens")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row) => (
              <tr key={row.place} className={row.isBound ? "" : "is-left"}>
                <td>{row.asset}</td>
                <td>{row.signal}</td>
                <td>
                  <code>{row.key}</code>
                </td>
                <td>{row.words}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > MOST && (
        <p className="composer-hint">
          {gettext("The first {most} of {count} are shown.", { most: MOST, count: rows.length })}
        </p>
      )}
    </>
  );
}
