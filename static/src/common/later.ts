/**
 * Parts of a page that come after it: fetched when the page is at rest, and waited for where the network is away.
 *
 * A part that cannot be fetched must not take the page down, with what somebody is working on: its place stays empty,
 * a message says why, and it comes when the network is back.
 */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { gettext } from "./gettext.ts";
import { pause } from "./retry.ts";

const unfetched: (() => Promise<unknown>)[] = [];
let isFetching = false;
let missing = 0;

/** A component of a part of its own, for use below a `Suspense`. */
export function later<Props extends object>(
  fetchPart: () => Promise<ComponentType<Props>>,
): LazyExoticComponent<ComponentType<Props>> {
  unfetched.push(fetchPart);
  fetchAtRest();
  return lazy(async () => ({ default: await patiently(fetchPart) }));
}

/** One after the other, so that nothing that somebody waits for stands behind them. */
function fetchAtRest(): void {
  if (isFetching) return;
  isFetching = true;
  setTimeout(() => {
    void (async () => {
      for (let next = unfetched.shift(); next; next = unfetched.shift()) await next().catch(() => undefined);
      isFetching = false;
    })();
  }, 1_000);
}

async function patiently<Part>(fetchPart: () => Promise<Part>): Promise<Part> {
  for (let failures = 0; ;) {
    try {
      await renewStyles();
      return await fetchPart();
    } catch {
      failures += 1;
      missing += 1;
      say();
      await again(failures);
      missing -= 1;
      say();
    }
  }
}

/** When the network is back, or after a while: a server may be away while the network is there. */
function again(failures: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(go, pause(failures));
    function go(): void {
      clearTimeout(timer);
      removeEventListener("online", go);
      resolve();
    }
    addEventListener("online", go);
  });
}

addEventListener(
  "error",
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === "stylesheet") target.dataset["missing"] = "";
  },
  true,
);

/**
 * A style sheet that did not come is not asked for again by itself, and a part whose styles failed while the page was
 * at rest would be drawn without them.
 */
function renewStyles(): Promise<unknown> {
  const links = [...document.querySelectorAll<HTMLLinkElement>("link[data-missing]")];
  return Promise.all(links.map(renewed));
}

function renewed(link: HTMLLinkElement): Promise<void> {
  return new Promise((resolve, reject) => {
    const anew = link.cloneNode() as HTMLLinkElement;
    delete anew.dataset["missing"];
    anew.addEventListener("load", () => {
      resolve();
    });
    anew.addEventListener("error", reject);
    link.replaceWith(anew);
  });
}

function say(): void {
  const known = document.querySelector(".part-missing");
  if (missing === 0) known?.remove();
  if (missing === 0 || known) return;
  const box = document.createElement("div");
  box.className = "part-missing";
  box.setAttribute("role", "alert");
  box.textContent = gettext(
    "This part of the page could not be loaded. It opens when the connection is back; what you did is kept.",
  );
  document.body.append(box);
}
