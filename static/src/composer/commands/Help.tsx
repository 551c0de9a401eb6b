import "./help.css";
import { gettext } from "../../common/gettext.ts";
import { Dialog } from "../Dialog.tsx";
import type { Command, Section } from "./keys.ts";

const SECTIONS: [Section, string][] = [
  ["add", gettext("Add and link")],
  ["edit", gettext("Edit")],
  ["group", gettext("Group")],
  ["arrange", gettext("Arrange")],
  ["select", gettext("Select")],
  ["view", gettext("See and find")],
];

/** The shortcuts of the composer, by what they are for. */
export function Help({ list, close }: { list: Command[]; close: () => void }) {
  return (
    <Dialog title={gettext("Shortcuts on the canvas")} close={close}>
      {SECTIONS.map(([section, title]) => (
        <section key={section}>
          <h3>{title}</h3>
          <dl className="shortcuts">
            {list
              .filter((command) => command.section === section && command.keys !== "")
              .map(({ id, keys, words }) => (
                <div key={id}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{words}</dd>
                </div>
              ))}
          </dl>
        </section>
      ))}
      <p className="composer-hint">
        {gettext("Ctrl K opens the list of all commands, assets and pages: type a few letters and press Enter.")}
      </p>
    </Dialog>
  );
}
