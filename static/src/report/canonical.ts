/**
 * Canonical JSON (RFC 8785) and its digests, exact to the byte.
 *
 * JSON.parse and JSON.stringify read and write numbers and texts as RFC 8785 asks for; what they would forgive (a member
 * twice, spaces, 1.0, -0, digits beyond a double) comes out as other text than went in, and is refused.
 */
import { gettext } from "../common/gettext.ts";
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

const LARGEST = 64 * 1024 * 1024;
const DEEPEST = 64;

/** A check does not hold; the text says why. */
export class RefusedError extends Error {}

/** A check could not be made here; that says nothing of the report. */
export class UnknownError extends Error {}

/** The value in canonical bytes; anything that two programs could read differently is refused. */
export function readCanonical(bytes: Uint8Array<ArrayBuffer>): Json {
  if (bytes.length > LARGEST) throw new RefusedError(gettext("the file is larger than 64 MiB"));
  let text: string;
  let value: Json;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text) as Json;
  } catch {
    throw new RefusedError(gettext("it is not JSON"));
  }
  if (canonical(value) !== text) throw new RefusedError(gettext("it is not in the canonical form of JSON (RFC 8785)"));
  return value;
}

/** The canonical text of a value. */
export function canonical(value: Json, depth = 0): string {
  if (depth > DEEPEST) throw new RefusedError(gettext("it is nested more than 64 deep"));
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    // The order of UTF-16 code units is that of sort().
    const members = Object.keys(value).sort();
    return `{${members.map((name) => `${plain(name)}:${canonical(value[name] ?? null, depth + 1)}`).join(",")}}`;
  }
  return plain(value);
}

function plain(value: null | boolean | number | string): string {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new RefusedError(gettext("a number in it is out of range"));
  if (typeof value === "string" && /\p{Surrogate}/u.test(value))
    throw new RefusedError(gettext("a text in it is broken"));
  return JSON.stringify(value);
}

/** SHA-256 of bytes one after the other. */
export async function sha256(...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** SHA-256 of the canonical bytes of a value, in hexadecimal digits. */
export async function digest(value: Json): Promise<string> {
  return hex(await sha256(new TextEncoder().encode(canonical(value))));
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hexadecimal digits of a hash as bytes. */
export function hash(text: unknown): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string" || !/^[0-9a-f]{64}$/.test(text))
    throw new RefusedError(gettext("a hash has not 64 digits"));
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Strict base64: exactly one text for each byte string. */
export function base64(text: string): Uint8Array<ArrayBuffer> {
  let raw = "";
  try {
    raw = atob(text);
  } catch {
    // told below
  }
  if (btoa(raw) !== text) throw new RefusedError(gettext("a root, key or signature is not base64 in its one form"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}
