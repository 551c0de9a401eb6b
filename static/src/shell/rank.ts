/** Which entries a few typed letters mean, best first. */

export interface Entry {
  label: string;
  kind: string;
}

function score(label: string, wanted: string): number {
  if (label.startsWith(wanted)) return 3;
  if (label.split(/[\s\-_./]+/).some((word) => word.startsWith(wanted))) return 2;
  return label.includes(wanted) ? 1 : 0;
}

/** The entries whose label has the letters: at its start, then at a word's start, then anywhere; all when none are typed. */
export function rank<Kind extends Entry>(entries: Kind[], wanted: string): Kind[] {
  if (!wanted) return entries;
  const letters = wanted.toLocaleLowerCase();
  return entries
    .map((entry) => ({ entry, score: score(entry.label.toLocaleLowerCase(), letters) }))
    .filter((each) => each.score > 0)
    .sort((one, other) => other.score - one.score)
    .map((each) => each.entry);
}
