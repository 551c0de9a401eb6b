import { iconAddress } from "../common/dom.ts";
import names from "../icons.json";

const known = new Set(names);

/** An icon of the page's sprite; decoration to screen readers. */
export function Icon({ name }: { name: string }) {
  return (
    <svg className="icon" aria-hidden="true">
      <use href={iconAddress(name)} />
    </svg>
  );
}

/** The icon of an asset type; a box for a type that has none, or one that is not among ours. */
export function TypeIcon({ icon }: { icon: string | null | undefined }) {
  return <Icon name={icon && known.has(icon) ? icon : "box"} />;
}
