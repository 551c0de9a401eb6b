import { useEffect, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { connectionLook } from "../../live/tools.ts";
import { Icon } from "../Icon.tsx";
import { usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";
import { useLive } from "./feed.ts";
import "./toggle.css";
import { hasValues } from "./wanted.ts";

/** How the connection is doing, while there is one to speak of. */
function Connection() {
  const connection = useLive((state) => state.connection);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const clock = setInterval(() => {
      setNow(Date.now());
    }, 1000);
    return () => {
      clearInterval(clock);
    };
  }, []);
  if (!connection) return null;
  const [words, name, tone] = connectionLook(connection, now, navigator.onLine);
  return (
    <span className={`state state-${tone} tool-wide`} data-connection={connection.kind}>
      <Icon name={name} />
      <span>{words}</span>
    </span>
  );
}

/** Shows live values on the canvas, or no longer; nothing before something is bound. */
export function LiveToggle() {
  const isThere = useComposer(hasValues);
  const isLive = usePanels((state) => state.isLive);
  if (!isThere) return null;
  return (
    <>
      {isLive && <Connection />}
      <button
        type="button"
        className="bar-button tool tool-icon"
        aria-pressed={isLive}
        aria-label={gettext("Live values")}
        aria-keyshortcuts="L"
        title={gettext("Live values (L)")}
        onClick={() => {
          usePanels.setState({ isLive: !isLive });
        }}
      >
        <Icon name="activity" />
        <span className="tool-words" aria-hidden="true">
          {gettext("Live")}
        </span>
      </button>
    </>
  );
}
