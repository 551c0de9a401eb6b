/** What the pages of an account need beyond forms: words for a passkey that failed, an address made of a name. */
import { gettext } from "../common/gettext.ts";

const LONGEST = 50;

/** The address that a name makes, as `tenants.people.domain.address_of_name` makes it of plain letters. */
export function addressOf(name: string): string {
  return name
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, "");
}

/** Says what to do when the browser or the person ended a passkey's ceremony. */
function tellFailure(event: Event): void {
  event.preventDefault();
  const box = document.createElement("div");
  box.className = "alert alert-warning";
  box.setAttribute("role", "alert");
  box.textContent = gettext(
    "The passkey was not used: it was cancelled, it is not for this site, or this browser knows none. Try again, or choose another way.",
  );
  document.getElementById("messages")?.replaceChildren(box);
}

/** Fills a field with the address that another field's name makes, until somebody types their own. */
function followName(field: HTMLInputElement): void {
  const name = document.getElementById(field.dataset.addressOf ?? "");
  if (!(name instanceof HTMLInputElement)) return;
  let own = field.value !== "";
  field.addEventListener("input", () => {
    own = field.value !== "";
  });
  name.addEventListener("input", () => {
    if (!own) field.value = addressOf(name.value);
  });
}

/** Makes the page listen. */
export function startAccount(): void {
  document.addEventListener("allauth.error", tellFailure);
  document.querySelectorAll<HTMLInputElement>("input[data-address-of]").forEach(followName);
}
