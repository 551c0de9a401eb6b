import { beforeEach, describe, expect, it } from "vitest";
import { decimalsOf, Fleet, formatOf, PAST, type Reading } from "./fleet.ts";
import { LiveSocket, type SocketState } from "./socket.ts";

const signals = [
  { key: "t30", name: "T30", unit: "[degR]", range: ["1200", "1660"] as [string, string] },
  { key: "mach", name: "Mach" },
];
const at = (second: number): string => new Date(Date.UTC(2026, 2, 1, 12, 0, second)).toISOString();
const now = Date.UTC(2026, 2, 1, 12, 1);

describe("a fleet", () => {
  let fleet: Fleet;
  beforeEach(() => {
    fleet = new Fleet(signals, new Map([["a", { t30: 60, mach: 300 }]]));
  });

  it("keeps the newest reading of each signal", () => {
    expect(fleet.take({ a: { t30: [at(10), 1300, 0] }, b: { mach: [at(9), 0.8, 0] } })).toEqual(new Set(["a", "b"]));
    expect(fleet.take({ a: { t30: [at(5), 1299, 0] } })).toEqual(new Set());
    expect(fleet.take({ a: { t30: [at(12), 1301, 0] } })).toEqual(new Set(["a"]));
    expect(fleet.reading("a", "t30")).toEqual([at(12), 1301, 0]);
    expect(fleet.reading("a", "mach")).toBeUndefined();
    expect(fleet.lastSeen("a")).toBe(Date.parse(at(12)));
    expect(fleet.lastSeen("c")).toBeNull();
  });

  it("takes a correction of the same moment in place", () => {
    fleet.take({ a: { t30: [at(10), 1300, 0] } });
    fleet.take({ a: { t30: [at(10), 1310, 0] } });
    expect(fleet.pastOf("a", "t30")).toEqual({ times: [Date.parse(at(10)) / 1000], values: [1310] });
  });

  it("remembers a bounded past", () => {
    for (let second = 0; second < PAST + 5; second += 1) fleet.take({ a: { t30: [at(second), second, 0] } });
    const past = fleet.pastOf("a", "t30");
    expect([past.values.length, past.values[0], past.values.at(-1), past.times.length]).toEqual([
      PAST,
      5,
      PAST + 4,
      PAST,
    ]);
  });

  it.each<[string, Reading | null, string]>([
    ["never sent", null, "unknown"],
    ["in range", [at(30), 1300, 0], "connected"],
    ["at the edge of its range", [at(30), 1660, 0], "connected"],
    ["above its range", [at(30), 1661, 0], "warning"],
    ["below its range", [at(30), 1199.9, 0], "warning"],
    ["doubted by its gateway", [at(30), 1300, 1], "warning"],
    ["stuck", [at(30), 1300, 4], "warning"],
    ["put there by a person", [at(30), 1300, 7], "connected"],
    ["sixty seconds old", [at(0), 1300, 0], "connected"],
    ["older", [new Date(now - 60_001).toISOString(), 1300, 0], "late"],
  ])("that %s", (_what, reading, status) => {
    if (reading) fleet.take({ a: { t30: reading } });
    expect(fleet.status("a", now)).toBe(status);
  });

  it("is never silent where readings come when they come", () => {
    const slow = new Fleet(signals, new Map([["a", {}]]));
    const old: Reading = ["2020-01-01T00:00:00Z", 1300, 0];
    slow.take({ a: { t30: old } });
    expect(slow.status("a", now)).toBe("connected");
    expect(slow.isStale("a", "t30", old, now)).toBe(false);
  });

  it("knows by each signal's own rate which values are old", () => {
    const late: Reading = [new Date(now - 60_001).toISOString(), 1300, 0];
    expect(fleet.isStale("a", "t30", late, now)).toBe(true);
    expect(fleet.isStale("a", "t30", late, now - 1)).toBe(false);
    expect(fleet.isStale("a", "mach", late, now)).toBe(false);
    expect(fleet.isStale("a", "p30", late, now)).toBe(false);
    expect(fleet.isStale("b", "t30", late, now)).toBe(false);
    fleet.take({ a: { mach: late } });
    expect(fleet.status("a", now)).toBe("connected"); // t30 may not be connected at all
    fleet.take({ a: { t30: late } });
    expect(fleet.status("a", now)).toBe("late");
  });
});

describe("values", () => {
  it.each([
    ["0", "1", 3],
    ["0", "16", 2],
    ["0", "700", 1],
    ["0", "3000", 0],
    ["-0.09", "0.93", 3],
    ["0", "0.000001", 6],
    ["5", "5", 0],
  ])("in a range from %s to %s have %i decimals", (low, high, decimals) => {
    expect(decimalsOf({ key: "k", name: "K", range: [low, high] })).toBe(decimals);
  });

  it("are written in the language of the page", () => {
    expect(formatOf({ key: "k", name: "K", range: [0, 700] }, "de")(1234.56)).toBe("1.234,6");
    expect(formatOf({ key: "k", name: "K" }, "en")(0.123456)).toBe("0.1235");
    expect(formatOf({ key: "k", name: "K" }, "en")(123_456.7)).toBe("123,457");
  });
});

describe("the socket", () => {
  let states: SocketState[];
  let opened: {
    url: string;
    onopen?: () => void;
    onclose?: () => void;
    onmessage?: (event: { data: string }) => void;
    close: () => void;
  }[];
  let waits: number[];
  let timers: (() => void)[];
  let clock: number;
  let messages: unknown[];
  let socket: LiveSocket;

  beforeEach(() => {
    [states, opened, waits, timers, messages, clock] = [[], [], [], [], [], 0];
    socket = new LiveSocket("/live/", {
      open: (url) => {
        const each: (typeof opened)[number] = {
          url,
          close: () => {
            each.onclose?.();
          },
        };
        opened.push(each);
        return each as unknown as WebSocket;
      },
      after: (milliseconds, run) => {
        waits.push(milliseconds);
        timers.push(run);
        return () => {
          timers = timers.filter((each) => each !== run);
        };
      },
      now: () => clock,
      changed: (state) => states.push(state),
      message: (data) => messages.push(data),
    });
    socket.connect();
  });

  it("opens and hands on what comes", () => {
    opened[0]?.onopen?.();
    opened[0]?.onmessage?.({ data: '{"values": {}}' });
    expect(states.map((state) => state.kind)).toEqual(["connecting", "open"]);
    expect(messages).toEqual([{ values: {} }]);
  });

  it("comes back after longer and longer pauses", () => {
    for (let time = 0; time < 3; time += 1) {
      opened.at(-1)?.onclose?.();
      timers.shift()?.();
    }
    expect(opened).toHaveLength(4);
    expect(waits.map((wait, index) => wait >= 500 * 2 ** index && wait <= 1000 * 2 ** index)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("starts over with a short pause once it was steady", () => {
    for (let time = 0; time < 4; time += 1) {
      opened.at(-1)?.onclose?.();
      timers.shift()?.();
    }
    opened.at(-1)?.onopen?.();
    clock = 10_000;
    opened.at(-1)?.onclose?.();
    expect(waits.at(-1)).toBeLessThanOrEqual(1000);
  });

  it("can be told to come back now, and then does so once", () => {
    opened[0]?.onclose?.();
    socket.connect();
    socket.connect();
    expect(opened).toHaveLength(2);
    expect(timers).toEqual([]);
  });

  it("ends for good", () => {
    opened[0]?.onopen?.();
    socket.end();
    socket.connect();
    expect([opened.length, timers, states.map((state) => state.kind)]).toEqual([1, [], ["connecting", "open"]]);
  });
});
