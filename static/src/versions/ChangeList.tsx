import { useState } from "react";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { fieldWord, ICON, kindWord, valueWord, type Change, type FieldChange } from "./diff.ts";
import "./changes.css";

/** Changes that are drawn at once: a longer list is read by narrowing it. */
const STEP = 200;

export function KindMark({ kind }: { kind: Change["kind"] }) {
  return (
    <span className={`change-mark change-${kind}`}>
      <Icon name={ICON[kind]} />
      {kindWord(kind)}
    </span>
  );
}

function Field({ field, plain }: { field: FieldChange; plain: boolean }) {
  const before = valueWord(field.before, field.unit);
  const after = valueWord(field.after, field.unit);
  return (
    <div className="change-field">
      <dt>{fieldWord(field.name)}</dt>
      <dd>
        {before && !plain && (
          <del>
            <span className="visually-hidden">{gettext("before:")} </span>
            {before}
          </del>
        )}
        {before && after && !plain && <Icon name="arrow-right" />}
        {after && (plain ? after : <ins>{after}</ins>)}
      </dd>
    </div>
  );
}

interface Options {
  changes: readonly Change[];
  /** Tells the parts themselves and not what differs. */
  plain?: boolean;
  chosen?: string | null;
  /** Shows a change where it is; without it there is no way to. */
  jump?: ((change: Change) => void) | undefined;
}

const id = (change: Change): string => `${change.subject}/${change.key}`;

/** Changes to be read, one below the other, each with its fields. */
export function ChangeList({ changes, plain = false, chosen = null, jump }: Options) {
  const [most, setMost] = useState(STEP);
  return (
    <>
      <ul className="changes">
        {changes.slice(0, most).map((change) => (
          <li key={id(change)} className="change" data-chosen={chosen === id(change) || undefined}>
            <div className="change-head">
              {!plain && <KindMark kind={change.kind} />}
              {jump && change.assets.length > 0 ? (
                <button
                  type="button"
                  className="change-name"
                  aria-current={chosen === id(change) || undefined}
                  onClick={() => {
                    jump(change);
                  }}
                >
                  {change.name}
                </button>
              ) : (
                <span className="change-name">{change.name}</span>
              )}
              {change.type && <span className="change-type">{change.type}</span>}
            </div>
            {change.fields.length > 0 && (
              <dl className="change-fields">
                {change.fields.map((field) => (
                  <Field key={field.name} field={field} plain={plain} />
                ))}
              </dl>
            )}
          </li>
        ))}
      </ul>
      {changes.length > most && (
        <button
          type="button"
          className="btn btn-sm"
          onClick={() => {
            setMost(most + STEP);
          }}
        >
          {gettext("Show more of {count}", { count: changes.length })}
        </button>
      )}
    </>
  );
}
