/** Which entries a few typed letters mean, best first. */

export interface Entry {
  label: string;
  kind: string;
  /** What tells it from its namesakes. */
  note?: string;
}

function score(label: string, words: string[]): number {
  const [first = ""] = words;
  if (!words.every((word) => label.includes(word))) return 0;
  if (label.startsWith(first)) return 3;
  return label.split(/[\s\-_./]+/).some((part) => part.startsWith(first)) ? 2 : 1;
}

function wordsOf(wanted: string): string[] {
  return wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
}

/** Whether the label has all words that were typed. */
export function isNamed({ label }: Entry, wanted: string): boolean {
  return score(label.toLocaleLowerCase(), wordsOf(wanted)) > 0;
}

/** The entries whose label has all words: the first at its start, then at a word's start, then anywhere; all when none are typed. */
export function rank<Kind extends Entry>(entries: Kind[], wanted: string): Kind[] {
  const words = wordsOf(wanted);
  if (!words.length) return entries;
  return entries
    .map((entry) => ({ entry, score: score(entry.label.toLocaleLowerCase(), words) }))
    .filter((each) => each.score > 0)
    .sort((one, other) => other.score - one.score)
    .map((each) => each.entry);
}
