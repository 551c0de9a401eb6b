import { gettext } from "../common/gettext.ts";
import { Dialog } from "./Dialog.tsx";
import type { Shortcut } from "./keys.ts";

/** The shortcuts of the composer. */
export function Help({ list, close }: { list: Shortcut[]; close: () => void }) {
  return (
    <Dialog title={gettext("Shortcuts on the canvas")} close={close}>
      <dl className="shortcuts">
        {list.map(({ keys, words }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
