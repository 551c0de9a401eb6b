/** htmx with our CSRF token, and with errors told in words instead of silence. */
import htmx from "htmx.org";
import { icon, meta } from "../common/dom.ts";
import type { Problem } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";

/** Shows a sentence above the page's content until it is closed. */
export function notice(sentence: string, more = ""): void {
  const place = document.getElementById("messages");
  if (!place) return;
  const box = document.createElement("div");
  box.className = "alert alert-danger alert-dismissible";
  box.setAttribute("role", "alert");
  const words = document.createElement("div");
  words.append(icon("alert-circle"), ` ${sentence} `, more);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", gettext("Close"));
  close.addEventListener("click", () => {
    box.remove();
  });
  box.append(words, close);
  place.replaceChildren(box);
}

function problemOf(request: XMLHttpRequest): Problem {
  try {
    return JSON.parse(request.responseText) as Problem;
  } catch {
    return {};
  }
}

interface HtmxEvent extends CustomEvent {
  detail: { headers: Record<string, string>; xhr: XMLHttpRequest; verb: string };
}

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, verb } = (event as HtmxEvent).detail;
  if (verb !== "get") headers["X-CSRFToken"] = meta("csrf-token");
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = (event as HtmxEvent).detail;
  const problem = problemOf(xhr);
  const id = xhr.getResponseHeader("X-Request-ID");
  notice(
    problem.detail ??
      gettext("The server could not do this (error {status}). Nothing was changed.", { status: xhr.status }),
    [problem.fix, id && gettext("Request {id}", { id })].filter(Boolean).join(" · "),
  );
});

/** What an answer changes elsewhere on the page: what is there is replaced, and what is not is not missed. */
document.addEventListener("htmx:afterSwap", () => {
  document.querySelectorAll<HTMLTemplateElement>("template[data-beside]").forEach((beside) => {
    for (const changed of [...beside.content.children]) document.getElementById(changed.id)?.replaceWith(changed);
    beside.remove();
  });
});

document.addEventListener("htmx:sendError", () => {
  notice(gettext("The server could not be reached. Nothing was changed; try again when the connection is back."));
});

export { htmx };
