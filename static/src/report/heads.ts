/** Signed heads (C2SP checkpoints), the keys that sign them, how keys hand over, and cosignatures of witnesses. */
import { gettext } from "../common/gettext.ts";
import { base64, RefusedError, sha256, hex, UnknownError } from "./canonical.ts";
import { same, type Size } from "./tree.ts";

/** A head, and the signature over its text. */
export interface Head extends Size {
  text: string;
  signer: string;
  signature: Uint8Array<ArrayBuffer>;
}

/** A key with the size of the largest head it signs. */
export interface Key {
  verifier: string;
  largest: number;
}

/** The whole note, its text, log, size, former and next key; then name and signature of each. */
type Handover = [string, string, string, string, string, string, string, string, string, string];

const LOG = 1;
const WITNESS = 4;
const SIGNED = "— ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})\\n";
const HEAD = new RegExp(`^(([^\\s+]+)\\n(0|[1-9][0-9]{0,14})\\n([A-Za-z0-9+/]{43}=)\\n)\\n${SIGNED}$`);
const HANDOVER = new RegExp(
  `^(outturn log key handover v1\\n([^\\n]+)\\n(0|[1-9][0-9]{0,14})\\n([^\\n]+)\\n([^\\n]+)\\n)\\n${SIGNED}${SIGNED}$`,
);

/** The parts of a head; its signature is not checked yet. */
export function readHead(note: string): Head {
  const [, text, log, size, root, signer, signature] = HEAD.exec(note) ?? [];
  if (text === undefined || signer === undefined || log !== signer)
    throw new RefusedError(
      gettext("a head is not a line each for log, size and root, an empty line and the log's signature"),
    );
  return { text, size: Number(size), root: base64(root ?? ""), signer, signature: base64(signature ?? "") };
}

/** The name and the 32 bytes of a key, `name+id+base64(kind || key)`. */
async function readKey(
  verifier: string,
  kind: number,
): Promise<{ name: string; id: Uint8Array; key: Uint8Array<ArrayBuffer> }> {
  const [, name, written, material] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(verifier) ?? [];
  const raw = base64(material ?? "");
  const id = (await sha256(new TextEncoder().encode(`${name ?? ""}\n`), raw)).subarray(0, 4);
  if (name === undefined || raw[0] !== kind || hex(id) !== written)
    throw new RefusedError(gettext("a key is not an Ed25519 key under its own id"));
  return { name, id, key: raw.slice(1) };
}

/** The fingerprint of a log's key: SHA-256 of its 32 bytes. */
export async function fingerprint(verifier: string, kind = LOG): Promise<string> {
  return hex(await sha256((await readKey(verifier, kind)).key));
}

/** Whether the signature is the key's. Throws an UnknownError where the browser has no Ed25519. */
async function holds(key: Uint8Array<ArrayBuffer>, text: string, signature: Uint8Array<ArrayBuffer>): Promise<boolean> {
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  } catch {
    throw new UnknownError(
      gettext("this browser cannot check Ed25519 signatures; use the verifier, or a newer browser"),
    );
  }
  return crypto.subtle.verify("Ed25519", imported, signature, new TextEncoder().encode(text));
}

/** The head in a note, once that key of the log has signed it which signs heads of its size. */
export async function signedHead(note: string, keys: Key[]): Promise<Head> {
  const head = readHead(note);
  const verifier = keys.find((each) => head.size <= each.largest)?.verifier ?? "";
  const { name, id, key } = await readKey(verifier, LOG);
  if (head.signer !== name || !same(head.signature.subarray(0, 4), id))
    throw new RefusedError(gettext("the head is signed with another key"));
  if (!(await holds(key, head.text, head.signature.slice(4))))
    throw new RefusedError(gettext("the signature does not belong to this head"));
  return head;
}

/** The head of a report, or the log's newest: that of the key that nobody has followed, larger than where others did. */
export async function newestHead(note: string, keys: Key[]): Promise<Head> {
  const [head, former] = [await signedHead(note, keys), keys.at(-2)];
  if (former && head.size <= former.largest)
    throw new RefusedError(
      gettext(
        "the head of {count} entries is a former key's; the last one handed over after {size}, and reports made since have more",
        { count: head.size, size: former.largest },
      ),
    );
  return head;
}

/** The log's keys: each has signed over to the next, which has signed too, and the last is the one given. */
export async function keysOf(handovers: string[], last: string): Promise<Key[]> {
  const keys: Key[] = [];
  let following: string | undefined;
  for (const note of handovers) {
    const { size, from, to } = await handover(note);
    const before = keys.at(-1);
    if (from === to || (before && (from !== following || size <= before.largest)))
      throw new RefusedError(
        gettext("the handover after {size} entries does not follow the one before it", { size: String(size) }),
      );
    keys.push({ verifier: from, largest: size });
    following = to;
  }
  if (following !== undefined && following !== last)
    throw new RefusedError(gettext("the last handover is to another key than the report's"));
  return [...keys, { verifier: last, largest: Infinity }];
}

/** After how many entries one key handed over to another, once both have signed that. */
async function handover(note: string): Promise<{ size: number; from: string; to: string }> {
  const parts = HANDOVER.exec(note) as unknown as Handover | null;
  if (!parts)
    throw new RefusedError(gettext("a handover is not five lines, an empty line and the signatures of both keys"));
  const [, text, log, size, from, to, ...signatures] = parts;
  for (const [verifier, signer, signature] of [
    [from, signatures[0], signatures[1]],
    [to, signatures[2], signatures[3]],
  ] as const) {
    const { name, id, key } = await readKey(verifier, LOG);
    const raw = base64(signature);
    if (name !== log || signer !== log || !same(raw.subarray(0, 4), id))
      throw new RefusedError(gettext("a handover is signed with another key than those it names"));
    if (!(await holds(key, text, raw.slice(4))))
      throw new RefusedError(gettext("a signature does not belong to this handover"));
  }
  return { size: Number(size), from, to };
}

/** Who co-signed a head: `name+id+base64(0x04 || key)` and the line below the head. */
export async function cosigner(head: Head, verifier: string, line: string): Promise<string> {
  const { name, id, key } = await readKey(verifier, WITNESS);
  const [, signer, signature] = new RegExp(`^${SIGNED}$`).exec(line) ?? [];
  const raw = base64(signature ?? "");
  if (signer !== name || raw.length !== 76 || !same(raw.subarray(0, 4), id))
    throw new RefusedError(gettext("a cosignature is not that of {name}", { name }));
  const seconds = new DataView(raw.buffer).getBigUint64(4);
  if (!(await holds(key, `cosignature/v1\ntime ${seconds.toString()}\n${head.text}`, raw.slice(12))))
    throw new RefusedError(gettext("the cosignature of {name} does not belong to this head", { name }));
  return name;
}
