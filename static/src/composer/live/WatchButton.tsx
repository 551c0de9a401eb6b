import { gettext } from "../../common/gettext.ts";
import { Icon } from "../Icon.tsx";
import { usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";

/** Opens the panel that shows all signals of an asset as they come. */
export function WatchButton({ asset }: { asset: string }) {
  const isPublished = useComposer((state) => state.publishedVersion !== null);
  const isWatched = usePanels((state) => state.watched === asset);
  if (!isPublished) return null;
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
