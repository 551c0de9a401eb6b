import { gettext } from "../../common/gettext.ts";
import { useComposer } from "../store.ts";

interface Options {
  name: string;
  save: (name: string) => void;
}

/** The field in which a name is edited on the canvas; Enter and leaving keep it, Escape does not. */
export function NameField({ name, save }: Options) {
  const finish = (text: string): void => {
    const wanted = text.trim();
    if (wanted && wanted !== name) save(wanted);
    useComposer.getState().rename(null);
  };
  return (
    <input
      className="asset-rename nodrag nopan"
      aria-label={gettext("Name of {name}", { name })}
      defaultValue={name}
      maxLength={200}
      autoFocus
      onFocus={(event) => {
        event.target.select();
      }}
      onBlur={(event) => {
        finish(event.target.value);
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") event.currentTarget.value = name;
        if (event.key === "Enter" || event.key === "Escape") {
          const node = event.currentTarget.closest<HTMLElement>(".react-flow__node");
          event.currentTarget.blur();
          node?.focus();
        }
      }}
    />
  );
}
