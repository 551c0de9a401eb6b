/** What a canvas has drawn has the colours of one theme; here it learns of another. */

/** Call `run` whenever the page may have other colours, by the person's choice or by the system's. @returns how to stop */
export function onTheme(run: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const watcher = new MutationObserver(run);
  watcher.observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  dark.addEventListener("change", run);
  return () => {
    watcher.disconnect();
    dark.removeEventListener("change", run);
  };
}
