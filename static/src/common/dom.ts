/** What every island needs of the page around it. */

/** The content of `<meta name=…>`, empty when the page has none. */
export function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
}

/** The value that a template left with `json_script`. */
export function configuration(id: string): unknown {
  const block = document.getElementById(id);
  if (!block) throw new Error(`The page has no JSON block "${id}".`);
  return JSON.parse(block.textContent);
}

/** Where an icon stands in the sprite of the page. */
export function iconAddress(name: string): string {
  return `${meta("icons")}#${name}`;
}

/** An icon of the sprite, decoration to screen readers. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", iconAddress(name));
  svg.append(use);
  return svg;
}

/** Says a sentence to screen readers without moving the focus. */
export function announce(sentence: string): void {
  const place = document.getElementById("announcer");
  if (place) place.textContent = sentence;
}

/** Keeps a choice of the viewer where the server sees it too, so that the next page needs no script to follow it. */
export function rememberChoice(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const life = value ? 31_536_000 : 0;
  document.cookie = `${name}=${value}; Path=/; Max-Age=${life}; SameSite=Lax${secure}`;
}
