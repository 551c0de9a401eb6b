import { describe, expect, test } from "vitest";
import { canonical, readCanonical, RefusedError, type Json } from "./canonical.ts";
import { checksOf, made, reading, type AskLog, type Kept, type Result } from "./checks.ts";
import fixture from "./reports.fixture.json" with { type: "json" };

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const FIRST = JSON.parse(fixture.report) as { key: { fingerprint: string }; head: string };

/** All checks of a report, made with what a browser keeps; and what it would keep next. */
async function checked(text: string, before: Kept | null = null, ask: AskLog = null): Promise<[string[], Kept | null]> {
  let next: Kept | null = null;
  const memory = { read: () => before, keep: (kept: Kept) => void (next = kept) };
  const told: string[] = [];
  for (const check of checksOf(reading(bytes(text)), memory, ask)) {
    const { state, found }: Result = await made(check);
    told.push(`${state} ${check.claim}: ${found}`);
  }
  return [told, next];
}

const failures = (told: string[]): string[] => told.filter((line) => !line.startsWith("holds"));

/** The log as it is with 16 entries, or as it is made out to be. */
const answering =
  (head: string, key: string, handovers: string[] = []): AskLog =>
  (known) =>
    Promise.resolve({ head, key, handovers, consistency: known === 4 ? fixture.from4 : fixture.from13 });
const asked = answering(fixture.head16, fixture.key);

describe("an honest report", () => {
  test("has every check hold, and its head is kept", async () => {
    const [told, next] = await checked(fixture.report);
    expect(told).toEqual([
      `holds The key is one that this browser knows: ${FIRST.key.fingerprint}, seen here for the first time. Compare it ` +
        "with the one that you were told in another way.",
      "holds The head of the log is signed with the key: 13 entries",
      "holds The entries are in the log under the head: 6 entries",
      "holds The documents are those that were logged: 4 documents",
      "holds The statement is the one that was logged: statement in entry 10",
      "holds The statement and its outcome runs rest on the contract: 3 segments of evidence",
      "holds What is relied upon is there, and was logged before: 5 entries",
      "holds The log only grew since the head in the last report: 4 entries",
      "holds The log only grew since this browser saw it last: It is the first report that is checked here; its head is " +
        "kept from now on.",
    ]);
    expect(next).toEqual({ fingerprint: FIRST.key.fingerprint, head: FIRST.head });
  });

  test("of a log with several keys and witnesses too", async () => {
    const [told] = await checked(fixture.second);
    expect(failures(told)).toEqual([]);
    expect(told.find((line) => line.includes("Witnesses"))).toMatch(/: 7 entries: witness\.example$/);
  });
});

describe("a changed report", () => {
  test("never passes, whichever letter was changed", async () => {
    const step = 37;
    for (let at = 0; at < fixture.report.length; at += step) {
      const letter = fixture.report.charAt(at) === "0" ? "1" : "0";
      const text = fixture.report.slice(0, at) + letter + fixture.report.slice(at + 1);
      const told = await checked(text).then(
        ([lines]) => failures(lines),
        (error: unknown) => (error instanceof RefusedError ? ["refused"] : []),
      );
      expect(told, `at ${at}`).not.toEqual([]);
    }
  });

  test("of a key that had handed over is refused, whatever this browser knows", async () => {
    const { head, key } = JSON.parse(fixture.former) as typeof FIRST;
    for (const before of [null, { fingerprint: key.fingerprint, head }])
      expect(failures((await checked(fixture.former, before))[0])[0]).toBe(
        "fails The head of the log is signed with the key: the head of 13 entries is a former key's; the last one " +
          "handed over after 20, and reports made since have more",
      );
    const [told, next] = await checked(fixture.former);
    expect(failures(told)).toHaveLength(2);
    expect(next).toBeNull();
  });

  test("that tells of witnesses names one", async () => {
    const report = JSON.parse(fixture.second) as { witnessed: { cosignatures: Json[] } };
    report.witnessed.cosignatures = [];
    expect(failures((await checked(canonical(report)))[0])).toEqual([
      "fails Witnesses have co-signed a head that this one grew from: nobody has co-signed the head",
    ]);
  });

  test("is told by what was changed", async () => {
    const total = await checked(fixture.report.replace('"total_minor":5150000', '"total_minor":5150001'));
    expect(failures(total[0])).toEqual([
      "fails The statement is the one that was logged: The statement in the report is another document than was logged",
    ]);
    const hour = await checked(fixture.report.replace('"hour":0', '"hour":9'));
    expect(failures(hour[0])).toEqual([
      "fails The documents are those that were logged: evidence_segment in entry 3 is another document",
    ]);
  });
});

describe("what the browser keeps", () => {
  const kept = (head: string, fingerprint = FIRST.key.fingerprint): Kept => ({ fingerprint, head });

  test("another key is noticed", async () => {
    const [told] = await checked(fixture.other, kept(fixture.head4));
    expect(failures(told)[0]).toMatch(
      /^fails The key is one that this browser knows: It is [0-9a-f]{64}, this browser/,
    );
  });

  test("a key that handed over is still the log's", async () => {
    const handed = /\\n(outturn\.example\/log\/1\+[^\\]+)\\n/.exec(fixture.second)?.[1] ?? "";
    const raw = Uint8Array.from(atob(handed.split("+").slice(2).join("+")), (letter) => letter.charCodeAt(0)).slice(1);
    const print = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
    const former = Array.from(print, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const head = (JSON.parse(fixture.second) as { head: string }).head;
    expect(failures((await checked(fixture.second, kept(head, former)))[0])).toEqual([]);
  });

  test("the same head is nothing new", async () => {
    const [told, next] = await checked(fixture.report, kept(FIRST.head));
    expect(told.at(-1)).toBe("holds The log only grew since this browser saw it last: 13 entries");
    expect(next).toBeNull();
  });

  test("a rewritten log is noticed", async () => {
    const [told, next] = await checked(fixture.rewritten, kept(FIRST.head));
    expect(failures(told)).toEqual([
      "fails The log only grew since this browser saw it last: The log has signed two histories of 13 entries. Keep both " +
        "heads, and ask.",
    ]);
    expect(next).toBeNull();
  });

  test("the log shows that it grew, and its newest head is kept", async () => {
    const [told, next] = await checked(fixture.report, kept(fixture.head4), asked);
    expect(told.at(-1)).toBe("holds The log only grew since this browser saw it last: From 4 to 16 entries");
    expect(next).toEqual(kept(fixture.head16));
  });

  test("a newest head is the log's only by the keys that are known here", async () => {
    const [told, next] = await checked(
      fixture.report,
      kept(fixture.head4),
      answering(fixture.other16, fixture.otherKey),
    );
    expect(failures(told)).toEqual([
      expect.stringMatching(
        /^fails The log only grew since this browser saw it last: The log answers with the key [0-9a-f]{64}, to which no key /,
      ),
    ]);
    expect(next).toBeNull();
  });

  test("a newest head is the log's too by a key to which that of the report has handed over", async () => {
    const after = answering(fixture.other16, fixture.otherKey, [fixture.handover]);
    const [told, next] = await checked(fixture.report, kept(fixture.head4), after);
    expect(failures(told)).toEqual([]);
    expect(next).toEqual(kept(fixture.other16));
  });

  test("a newest head is none of a key that had handed over", async () => {
    const before = answering(fixture.head16, fixture.otherKey, [fixture.early]);
    const [told, next] = await checked(fixture.report, kept(fixture.head4), before);
    expect(failures(told)[0]).toMatch(/the head of 16 entries is a former key's; the last one handed over after 20/);
    expect(next).toBeNull();
  });

  test("a newest head is none of a key that the one of the head kept here never named", async () => {
    const after = answering(fixture.head16, fixture.key);
    const [told, next] = await checked(fixture.report, kept(fixture.other4), after);
    expect(failures(told)).toHaveLength(1);
    expect(next).toBeNull();
  });

  test("the log cannot show that of another history", async () => {
    const [told] = await checked(fixture.report, kept(fixture.rewritten4), asked);
    expect(failures(told)).toEqual([
      "fails The log only grew since this browser saw it last: The 16 entries are not shown to begin with the 4 there " +
        "were. Keep both heads, and ask.",
    ]);
  });

  test("who may not ask the log is told so", async () => {
    const [told] = await checked(fixture.report, kept(fixture.head4));
    expect(failures(told)).toEqual([
      "unknown The log only grew since this browser saw it last: Only the log can show it, and you may not ask it. The " +
        "verifier takes your last report with --previous.",
    ]);
  });
});

describe("canonical JSON", () => {
  test.each(fixture.values)("is what the other side writes: %s", (text) => {
    expect(canonical(readCanonical(bytes(text)))).toBe(text);
  });

  test.each([
    "1.0",
    "-0",
    "1e2",
    " 1",
    "1\n",
    '{"a":1,"a":1}',
    '{"b":1,"a":2}',
    '"\\u0041"',
    '"\\ud800"',
    "9007199254740993",
    "1e999",
    "\ufeff1",
    "",
  ])("of two forms is refused: %j", (text) => {
    expect(() => readCanonical(bytes(text))).toThrow(RefusedError);
  });

  test("that is no UTF-8 or too deep is refused", () => {
    expect(() => readCanonical(Uint8Array.of(0xff))).toThrow(RefusedError);
    let deep: Json = 1;
    for (let at = 0; at < 66; at += 1) deep = [deep];
    expect(() => canonical(deep)).toThrow(RefusedError);
  });
});
