/** Saving the published version, or what is selected of it, as a blueprint: a page of its own asks what to call it. */
import { meta } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { useComposer } from "../store.ts";
import { of } from "./command.ts";
import { selected } from "./editing.ts";
import { extraCommands } from "./keys.ts";

/** Goes to the page with the chosen assets, which are too many for an address. */
function open(address: string, assets: readonly string[]): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  for (const [name, value] of [
    ["csrfmiddlewaretoken", meta("csrf-token")],
    ["assets", assets.join(" ")],
  ] as const) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}

const isPublished = (): boolean => useComposer.getState().publishedVersion !== null;

/**
 * Adds the commands for it.
 *
 * @param page - The address of the page, with `/versions/0/` in the place of the version.
 */
export function offerBlueprints(page: string): void {
  const address = (): string =>
    page.replace("/versions/0/", `/versions/${useComposer.getState().publishedVersion ?? 0}/`);
  extraCommands.push(
    ...of("view", false, [
      {
        id: "blueprint",
        words: gettext("Save the published version as a blueprint"),
        icon: "template",
        keys: "",
        when: isPublished,
        run: () => {
          location.assign(address());
        },
      },
    ]),
    ...of("edit", false, [
      {
        id: "blueprint-of-selected",
        words: gettext("Save as a blueprint"),
        icon: "template",
        keys: "",
        when: () => isPublished() && selected().assets.length > 0,
        run: () => {
          open(address(), selected().assets);
        },
      },
    ]),
  );
}
