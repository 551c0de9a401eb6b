/** Calls of our own API from a page: session cookie, CSRF token, problem details (RFC 9457). */
import { meta } from "./dom.ts";

/** What the API says of an error. */
export interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  fix?: string;
  request_id?: string;
  [more: string]: unknown;
}

/** The server answered, and the answer is no. */
export class RefusedError extends Error {
  readonly status: number;
  readonly problem: Problem;
  readonly retryAfter: number;

  constructor(status: number, problem: Problem, retryAfter: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** No answer came: offline, the server gone, or the time up. */
export class UnreachableError extends Error {}

const LONGEST = 20_000;

async function body(response: Response): Promise<unknown> {
  const kind = response.headers.get("content-type") ?? "";
  return kind.includes("json") ? response.json() : {};
}

/** What a call is besides its address and its data. */
interface Manner {
  /** When it is not GET without data and POST with. */
  method?: "PUT" | "DELETE";
  /** Calls it off: it then ends with an UnreachableError. */
  signal?: AbortSignal;
}

/** The request: what changes something carries the token that shows it is the page's own. */
function asked(data: unknown, headers: Record<string, string>, manner: Manner): RequestInit {
  const patience = AbortSignal.timeout(LONGEST);
  const method = manner.method ?? (data === undefined ? "GET" : "POST");
  const request: RequestInit = {
    method,
    credentials: "same-origin",
    headers: {
      Accept: "application/json",
      ...(method === "GET" ? {} : { "X-CSRFToken": meta("csrf-token") }),
      ...(data === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    signal: manner.signal ? AbortSignal.any([manner.signal, patience]) : patience,
  };
  if (data !== undefined) request.body = JSON.stringify(data);
  return request;
}

/**
 * One call. `data` makes it a POST. Resolves to the answer's JSON.
 *
 * @throws RefusedError for an answer of 400 and above, UnreachableError when none came within 20 seconds.
 */
export async function call<Answer>(
  url: string,
  data?: unknown,
  headers: Record<string, string> = {},
  manner: Manner = {},
): Promise<Answer> {
  const request = asked(data, headers, manner);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(url, request);
    answer = await body(response);
  } catch (error) {
    throw new UnreachableError(String(error));
  }
  if (!response.ok) {
    const problem = answer as Problem;
    const id = response.headers.get("x-request-id");
    if (id) problem.request_id ??= id;
    throw new RefusedError(response.status, problem, Number(response.headers.get("retry-after")) || 0);
  }
  return answer as Answer;
}

/** All entries of a list that comes in pages of `{results, next}`. */
export async function everyPage<Entry>(url: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let next: string | null = url;
  while (next) {
    const page: { results: Entry[]; next: string | null } = await call(next);
    entries.push(...page.results);
    next = page.next;
  }
  return entries;
}
