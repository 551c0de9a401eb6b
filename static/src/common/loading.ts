/** What stands on a page whose draft could not be loaded. */
import { RefusedError, UnreachableError } from "./api.ts";
import { icon } from "./dom.ts";
import { gettext } from "./gettext.ts";

/** Says in a place why, and offers to try again; what is no answer of the server, nor the lack of one, is thrown on. */
export function showNotLoaded(place: HTMLElement, error: unknown, again: () => void): void {
  if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
  const title = document.createElement("h2");
  title.textContent = gettext("The draft could not be loaded");
  const words = document.createElement("p");
  words.textContent =
    error instanceof RefusedError
      ? error.message
      : gettext("The server could not be reached. What you saved is kept; try again when the connection is back.");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-primary";
  button.textContent = gettext("Try again");
  button.addEventListener("click", again);
  const box = document.createElement("div");
  box.className = "nothing";
  box.setAttribute("role", "alert");
  box.append(icon("cloud-off"), title, words, button);
  place.replaceChildren(box);
}
