import { gettext } from "../../common/gettext.ts";
import { Icon } from "../Icon.tsx";
import { usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";
import { hasValues } from "./wanted.ts";

/** Opens the panel that shows all signals of an asset as they come. */
export function WatchButton({ asset }: { asset: string }) {
  const isThere = useComposer(hasValues);
  const isWatched = usePanels((state) => state.watched === asset);
  if (!isThere) return null;
  return (
    <button
      type="button"
      className="btn btn-sm"
      aria-pressed={isWatched}
      onClick={() => {
        usePanels.setState({ watched: isWatched ? null : asset });
      }}
    >
      <Icon name="eye" />
      {gettext("Watch its signals")}
    </button>
  );
}
