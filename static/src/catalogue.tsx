/** Entry point of the editor of asset types. */
import "./catalogue/catalogue.css";
import "./catalogue/fields.css";
import { createRoot } from "react-dom/client";
import { Editor } from "./catalogue/Editor.tsx";
import { start, type Configuration } from "./catalogue/session.ts";
import { RefusedError, UnreachableError } from "./common/api.ts";
import { configuration, icon } from "./common/dom.ts";
import { gettext } from "./common/gettext.ts";

function button(words: string, run: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-primary";
  made.textContent = words;
  made.addEventListener("click", run);
  return made;
}

async function run(place: HTMLElement): Promise<void> {
  const settings = configuration("type_config") as Configuration;
  try {
    const session = await start(settings);
    createRoot(place).render(<Editor session={session} />);
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    const words = document.createElement("p");
    words.textContent =
      error instanceof RefusedError
        ? error.message
        : gettext("The server could not be reached. What you saved is kept; try again when the connection is back.");
    const box = document.createElement("div");
    box.className = "nothing";
    box.setAttribute("role", "alert");
    const title = document.createElement("h2");
    title.textContent = gettext("The draft could not be loaded");
    box.append(
      icon("cloud-off"),
      title,
      words,
      button(gettext("Try again"), () => void run(place)),
    );
    place.replaceChildren(box);
  }
}

const place = document.getElementById("type-editor");
if (place) void run(place);
