import { ngettext } from "../../common/gettext.ts";
import { Icon } from "../Icon.tsx";

/** How much is wrong with what is drawn: errors, else hints. */
export function Marks({ errors, hints }: { errors: number; hints: number }) {
  if (errors) {
    return (
      <span className="asset-mark asset-mark-error" title={ngettext("{count} error", "{count} errors", errors)}>
        <Icon name="alert-circle" />
        {errors}
      </span>
    );
  }
  if (!hints) return null;
  return (
    <span className="asset-mark" title={ngettext("{count} hint", "{count} hints", hints)}>
      <Icon name="info-circle" />
      {hints}
    </span>
  );
}
