/** htmx with our CSRF token, and with errors told in words instead of silence. */
import htmx from "htmx.org";
import { icon, meta } from "../common/dom.ts";
import type { Problem } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";

/** Shows a sentence above the page's content until it is closed; one that is there is not said again. */
export function notice(sentence: string, ...more: (string | Node)[]): HTMLElement | undefined {
  const place = document.getElementById("messages");
  const shown = place?.firstElementChild;
  if (!place || (shown instanceof HTMLElement && shown.dataset["said"] === sentence)) return undefined;
  const box = document.createElement("div");
  box.className = "alert alert-danger alert-dismissible";
  box.setAttribute("role", "alert");
  box.dataset["said"] = sentence;
  const words = document.createElement("div");
  words.append(icon("alert-circle"), ` ${sentence} `, ...more);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", gettext("Close"));
  close.addEventListener("click", () => {
    box.remove();
  });
  box.append(words, close);
  place.replaceChildren(box);
  return box;
}

function problemOf(request: XMLHttpRequest): Problem {
  try {
    return JSON.parse(request.responseText) as Problem;
  } catch {
    return {};
  }
}

interface HtmxEvent extends CustomEvent {
  detail: {
    headers: Record<string, string>;
    xhr: XMLHttpRequest;
    verb: string;
    successful: boolean;
    requestConfig: { triggeringEvent?: Event };
  };
}

/** What was told of a request that the page made by itself: it is over with the next that succeeds. */
let passing: HTMLElement | undefined;

function isByItself({ detail }: HtmxEvent): boolean {
  return !detail.requestConfig.triggeringEvent?.isTrusted;
}

function tell(event: HtmxEvent, sentence: string, ...more: (string | Node)[]): void {
  const box = notice(sentence, ...more);
  if (box) passing = isByItself(event) ? box : undefined;
}

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, verb } = (event as HtmxEvent).detail;
  if (verb !== "get") headers["X-CSRFToken"] = meta("csrf-token");
});

function signIn(address: string): HTMLAnchorElement {
  const link = document.createElement("a");
  link.className = "alert-link";
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = gettext("Sign in in a new tab");
  return link;
}

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = (event as HtmxEvent).detail;
  const problem = problemOf(xhr);
  if (typeof problem["sign_in"] === "string") {
    tell(event as HtmxEvent, gettext("You are signed out."), signIn(problem["sign_in"]));
    return;
  }
  const id = xhr.getResponseHeader("X-Request-ID");
  tell(
    event as HtmxEvent,
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

document.addEventListener("htmx:sendError", (event) => {
  const sentence = isByItself(event as HtmxEvent)
    ? gettext("The server could not be reached. What is shown here is as it was then.")
    : gettext("The server could not be reached. Nothing was changed; try again when the connection is back.");
  tell(event as HtmxEvent, sentence);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!(event as HtmxEvent).detail.successful) return;
  passing?.remove();
  passing = undefined;
});

export { htmx };
