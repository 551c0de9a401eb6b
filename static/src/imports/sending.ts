/** A file to the API in parts; what the server has already is not sent again. */
import { call, type Problem, RefusedError, UnreachableError } from "../common/api.ts";
import { meta } from "../common/dom.ts";
import { pause } from "../common/retry.ts";

/** An import as the API tells it, as far as it matters here. */
export interface Import {
  id: string;
  gateway: string;
  name: string;
  size: number;
  received: number;
  status: string;
}

/** How far it is (0 to 1), and whether it waits for the connection. */
export type Told = (share: number, waiting: boolean) => void;

/** The import of the same file that broke off, if there is one. */
export function begun(imports: Import[], file: { name: string; size: number }, gateway: string): Import | undefined {
  return imports.find(
    (one) => one.status === "uploading" && one.name === file.name && one.size === file.size && one.gateway === gateway,
  );
}

async function put(url: string, part: Blob): Promise<Import> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "PUT",
      credentials: "same-origin",
      headers: { "Content-Type": "application/octet-stream", "X-CSRFToken": meta("csrf-token") },
      body: part,
    });
  } catch (error) {
    throw new UnreachableError(String(error));
  }
  const answer: unknown = await response.json();
  if (!response.ok) throw new RefusedError(response.status, answer as Problem, 0);
  return answer as Import;
}

function mayPass(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof RefusedError && [429, 502, 503].includes(error.status));
}

/** Sends a file, however often the connection breaks; resolves to the import's id. */
export async function sendFile(api: string, file: File, gateway: string, part: number, told: Told): Promise<string> {
  const { results } = await call<{ results: Import[] }>(api);
  let found = begun(results, file, gateway) ?? (await call<Import>(api, { gateway, name: file.name, size: file.size }));
  let failures = 0;
  while (found.received < file.size) {
    told(found.received / file.size, failures > 0);
    try {
      const from = found.received;
      found = await put(`${api}${found.id}/content/?offset=${from}`, file.slice(from, from + part));
      failures = 0;
    } catch (error) {
      if (!mayPass(error)) throw error;
      failures += 1;
      told(found.received / file.size, true);
      await new Promise((resolve) => setTimeout(resolve, pause(failures)));
      found = await call<Import>(`${api}${found.id}/`).catch(() => found);
    }
  }
  return found.id;
}
