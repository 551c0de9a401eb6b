import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TwinDocument } from "../model/document.ts";
import { asSent, followDraft, missing } from "./drafted.ts";
import { LiveValues, type Reading } from "./values.ts";

const first: Reading = ["2026-03-01T12:00:00Z", 5, 0];
const later: Reading = ["2026-03-01T12:00:09Z", 6, 0];
const asset = (name: string) => ({ type: "pump@1", name, at: [0, 0] as [number, number], properties: {} });
const binding = (key: string) => ({ gateway: "g", key });
const shown: TwinDocument = {
  name: "Station",
  assets: { a: asset("P-1"), b: asset("P-2") },
  links: {},
  bindings: {
    "a/flow": { ...binding("1"), scale: "2" },
    "a/head": binding("2"),
    "b/flow": binding("3"),
    "gone/x": binding("4"),
  },
  groups: {},
  notes: {},
};

describe("what is bound and not published", () => {
  let values: LiveValues;
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("document", { hidden: false, querySelector: () => null });
    values = new LiveValues({ after: () => () => undefined });
    values.watch("a", () => undefined);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is asked for where an asset is in sight and nothing is published of it", () => {
    const flow = { asset: "a", type: "pump@1", signal: "flow", gateway: "g", key: "1", scale: "2" };
    const head = { asset: "a", type: "pump@1", signal: "head", gateway: "g", key: "2" };
    expect(missing(shown, values)).toEqual([flow, head]);
    values.take({ values: { a: { head: first } } });
    expect(missing(shown, values)).toEqual([flow]);
    values.takeDrafted({ a: { flow: first } });
    expect(missing(shown, values)).toEqual([flow]);
  });

  it("gives way to what is published, however old that is, and goes when it is no longer bound", () => {
    values.takeDrafted({ a: { flow: later, head: later } });
    expect([values.reading("a", "flow"), values.isMissing("a", "flow")]).toEqual([later, true]);
    values.take({ values: { a: { flow: first } } });
    expect([values.reading("a", "flow"), values.isMissing("a", "flow")]).toEqual([first, false]);
    values.takeDrafted({});
    expect([values.reading("a", "flow"), values.reading("a", "head")]).toEqual([first, undefined]);
  });

  it("is asked for again and again, one question at a time, until it is over", async () => {
    const newest = [{ asset: "a", signal: "flow", at: later[0], value: 6 }];
    expect(asSent(newest)).toEqual({ a: { flow: later } });
    const answers: ((answer: Response) => void)[] = [];
    const fetched = vi.fn(() => new Promise<Response>((resolve) => answers.push(resolve)));
    vi.stubGlobal("fetch", fetched);
    const end = followDraft("/api", values, () => shown);
    await vi.advanceTimersByTimeAsync(5000);
    expect(fetched.mock.calls.map(([url]: unknown[]) => url)).toEqual(["/api/gateway-keys/newest/"]);
    answers[0]?.(Response.json({ values: newest }));
    await vi.advanceTimersByTimeAsync(2000);
    expect([values.reading("a", "flow"), fetched.mock.calls.length]).toEqual([later, 2]);
    end();
    answers[1]?.(Response.json({ values: [] }));
    await vi.advanceTimersByTimeAsync(9000);
    expect([values.reading("a", "flow"), fetched.mock.calls.length]).toEqual([later, 2]);
  });

  it("is not asked for again by whom it is refused", async () => {
    const fetched = vi.fn(() => Promise.resolve(Response.json({ code: "permission" }, { status: 403 })));
    vi.stubGlobal("fetch", fetched);
    followDraft("/api", values, () => shown);
    await vi.advanceTimersByTimeAsync(9000);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
