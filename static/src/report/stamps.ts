/**
 * Time-stamps (RFC 3161), as far as what they are of and their time goes. Who signed them is not looked at: for that the
 * certificates of the authority are needed, which come in another way.
 */
import { gettext } from "../common/gettext.ts";
import { RefusedError, UnknownError, hex } from "./canonical.ts";

/** What stands in an authority's answer: the hash of what was stamped, by which algorithm, and the time (ISO 8601). */
export interface Stamp {
  algorithm: string;
  imprint: Uint8Array;
  at: string;
}

const [INTEGER, OCTETS, NAME, TIME, SEQUENCE, SET, INNER] = [0x02, 0x04, 0x06, 0x18, 0x30, 0x31, 0xa0];
const SIGNED_DATA = "2a864886f70d010702";
const TST_INFO = "2a864886f70d0109100104";
const HASHES = new Map([
  ["608648016503040201", "SHA-256"],
  ["608648016503040202", "SHA-384"],
  ["608648016503040203", "SHA-512"],
]);

/** Read the answer of an authority. */
export function readStamp(token: Uint8Array): Stamp {
  const [status, content] = values(only(token, SEQUENCE), SEQUENCE, SEQUENCE);
  const [kind, data] = values(content, NAME, INNER);
  const [, , inner] = values(only(data, SEQUENCE), INTEGER, SET, SEQUENCE);
  const [what, wrapped] = values(inner, NAME, INNER);
  const info = only(only(wrapped, OCTETS), SEQUENCE);
  const [, , message, , at] = values(info, INTEGER, NAME, SEQUENCE, INTEGER, TIME);
  const [named, imprint] = values(message, SEQUENCE, OCTETS);
  const granted = hex(only(status, INTEGER));
  if (hex(kind) !== SIGNED_DATA || hex(what) !== TST_INFO || !["00", "01"].includes(granted))
    throw new RefusedError(gettext("the answer of the authority is no time-stamp"));
  const algorithm = HASHES.get(hex(only(named, NAME)));
  if (algorithm === undefined)
    throw new UnknownError(
      gettext("the hash in the time-stamp is by another algorithm than SHA-256, SHA-384 and SHA-512"),
    );
  return { algorithm, imprint, at: timeOf(new TextDecoder("latin1").decode(at)) };
}

function timeOf(written: string): string {
  const [, year, month, day, hour, minute, second, part = ""] =
    /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{1,6}))?Z$/.exec(written) ?? [];
  if (!year || !month || !day || !hour || !minute || !second)
    throw new RefusedError(gettext("the time in the time-stamp is not one in UTC"));
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${part && `.${part.padEnd(6, "0")}`}Z`;
}

function only(data: Uint8Array, tag: number): Uint8Array {
  return values(data, tag)[0];
}

/** The contents of the first values in some DER, which have these tags; all values have to be whole. */
function values<Tags extends number[]>(data: Uint8Array, ...tags: Tags): { [At in keyof Tags]: Uint8Array } {
  const found: { tag: number; content: Uint8Array }[] = [];
  for (let at = 0; at < data.length;) {
    const { start, end } = extent(data, at);
    if (end > data.length) throw cutOff();
    found.push({ tag: data[at] ?? 0, content: data.subarray(start, end) });
    at = end;
  }
  if (tags.some((tag, at) => found[at]?.tag !== tag)) throw cutOff();
  return found.slice(0, tags.length).map(({ content }) => content) as { [At in keyof Tags]: Uint8Array };
}

/** Where the content of a value starts and ends. */
function extent(data: Uint8Array, at: number): { start: number; end: number } {
  const first = data[at + 1];
  if (first === undefined) throw cutOff();
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const start = at + 2 + first - 0x80;
  const length = data.subarray(at + 2, start).reduce((some, digit) => some * 256 + digit, 0);
  return { start, end: start + length };
}

function cutOff(): RefusedError {
  return new RefusedError(gettext("the time-stamp is not the answer of an authority (RFC 3161), or is cut off"));
}
