import "./notice.css";
import { gettext } from "../common/gettext.ts";
import { useCanvas } from "./canvas/canvas.ts";
import { Icon } from "./Icon.tsx";

/** What has just been said, to be read and closed. */
export function Notice() {
  const notice = useCanvas((state) => state.notice);
  if (!notice) return null;
  return (
    <div className="canvas-notice">
      <Icon name="info-circle" />
      <p>{notice}</p>
      <button
        type="button"
        className="bar-button"
        aria-label={gettext("Close")}
        onClick={() => {
          useCanvas.setState({ notice: "" });
        }}
      >
        <Icon name="x" />
      </button>
    </div>
  );
}
