import { gettext, ngettext } from "../../common/gettext.ts";
import { useOnline } from "../../common/online.ts";
import { Icon } from "../Icon.tsx";
import type { SaveState } from "./saving.ts";
import { useComposer } from "../store.ts";

/** How much waits, and whether it would outlive the page. */
function waiting(words: string, { count, kept }: { count: number; kept: boolean }): string {
  const changes = ngettext("{count} change", "{count} changes", count);
  return kept
    ? gettext("{state} – {changes} kept here", { state: words, changes })
    : gettext("{state} – {changes}, keep this page open", { state: words, changes });
}

function look(save: SaveState, online: boolean): [icon: string, tone: string, words: string] {
  if (!online && save.kind === "saved") return ["wifi-off", "warning", gettext("Offline – all saved")];
  switch (save.kind) {
    case "saved":
      return ["cloud-check", "quiet", gettext("Saved")];
    case "unsaved":
      return ["cloud-up", "quiet", gettext("Unsaved")];
    case "waiting":
    case "saving":
      return ["cloud-up", "quiet", gettext("Saving…")];
    case "retrying":
      return online
        ? ["refresh", "warning", waiting(gettext("Not saved – retrying"), save)]
        : ["wifi-off", "warning", waiting(gettext("Offline"), save)];
    case "signed-out":
      return ["alert-circle", "bad", waiting(gettext("Signed out"), save)];
    case "conflict":
      return ["alert-triangle", "bad", gettext("Conflict")];
    case "refused":
      return ["alert-circle", "bad", gettext("Not saved")];
  }
}

/** Whether everything is saved; never silent when it is not. */
export function SaveMark() {
  const save = useComposer((state) => state.save);
  const [icon, tone, words] = look(save, useOnline());
  return (
    <span
      className={`state state-${tone} save-mark`}
      data-save={save.kind}
      title={save.kind === "retrying" ? save.reason : undefined}
    >
      <Icon name={icon} />
      <span>{words}</span>
    </span>
  );
}
