/** Images before they are sent: which can be, and how large they may be. */
import type { Position } from "../model/document.ts";

export const IMAGE_KINDS = ["image/png", "image/jpeg", "image/webp"];
/** What the server takes. */
const MOST_BYTES = 1_000_000;
const MOST_PIXELS = 4000;
/** How large a picture is that has to be made smaller, and how large it is on the canvas at first. */
const SHRUNK = 1600;
const SHOWN = 480;
const LEAST = 40;

/** The size in which an image comes onto the canvas: its own, but no side longer than is handy. */
export function scaledSize(width: number, height: number): Position {
  const share = Math.min(1, SHOWN / Math.max(width, height));
  return [Math.max(LEAST, Math.round(width * share)), Math.max(LEAST, Math.round(height * share))];
}

async function drawn(picture: ImageBitmap, longest: number): Promise<Blob> {
  const share = Math.min(1, longest / Math.max(picture.width, picture.height));
  const [width, height] = [Math.round(picture.width * share), Math.round(picture.height * share)];
  const canvas = new OffscreenCanvas(Math.max(16, width), Math.max(16, height));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}

/** The image as it can be sent, made smaller when it is too large; null when it is none that can be shown. */
export async function sendable(file: Blob): Promise<Blob | null> {
  if (!IMAGE_KINDS.includes(file.type)) return null;
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null;
  }
  const fits = file.size <= MOST_BYTES && Math.max(picture.width, picture.height) <= MOST_PIXELS;
  const sent = fits ? file : await drawn(picture, SHRUNK);
  picture.close();
  return sent;
}

/** The bytes as base64. */
export async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const step = 0x8000;
  let text = "";
  for (let at = 0; at < bytes.length; at += step) text += String.fromCharCode(...bytes.subarray(at, at + step));
  return btoa(text);
}

/** The first image among files that were dropped or pasted. */
export function imageAmong(files: FileList | undefined): File | undefined {
  return [...(files ?? [])].find((file) => IMAGE_KINDS.includes(file.type));
}
