import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { takeDeadLetters } from "../../src/audit/dead-letters.ts";
import { listDeadDestinations, resendDeadLetters } from "../../src/audit/resend.ts";
import { idsOf, makeAuditFolder, makeRecords, readLetters } from "../support/audit-lane.ts";
import {
  createTarget,
  type ReceiverAnswer,
  recordId,
  recordSeq,
  startAuditReceiver,
} from "../support/audit-receiver.ts";
import { findClosedPort } from "../support/otlp-sink.ts";

const OK: ReceiverAnswer = { status: 200, body: "{}" };
const neverStopped = { signal: new AbortController().signal };

/** A folder whose only log has so many dead letters, and the receiver that did not take them. */
async function makeDeadLetters(count: number) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await makeAuditFolder());
  const receiver = stack.use(await startAuditReceiver(() => ({ status: 401 })));
  const target = createTarget(receiver.url);
  const lane = await folder.openLane({ targets: [target] });
  await Promise.all(makeRecords(count).map((record) => lane.append(record)));
  while (!(await lane.drain(1000))) {
    // It says at once that it has to wait.
  }
  await lane.close();
  const [place] = await folder.writers();
  const letters = () => readLetters(place?.folder);
  return {
    ...{ root: folder.path, place: place?.folder ?? "", receiver, target, letters },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("dead letters that the receiver takes now arrive as they were, and are none any more", async () => {
  await using dead = await makeDeadLetters(1000);
  expect(await dead.letters()).toHaveLength(1000);
  expect(await listDeadDestinations(dead.root)).toEqual(["test"]);
  dead.receiver.answer = () => OK;
  expect(await resendDeadLetters(dead.root, dead.target, neverStopped)).toEqual({
    ...{ delivered: 1000, refused: 0, left: 0, trouble: undefined },
  });
  expect(dead.receiver.accepted.map(recordId)).toEqual(idsOf(makeRecords(1000)));
  expect(dead.receiver.accepted.map(recordSeq)).toEqual(makeRecords(1000).map((_, n) => n));
  expect(dead.receiver.accepted[0]?.resource).toMatchObject({ "service.name": "test" });
  expect(await dead.letters()).toEqual([]);
  expect(await listDeadDestinations(dead.root)).toEqual([]);
});

test("what is refused again stays a dead letter, with the new reason", async () => {
  await using dead = await makeDeadLetters(3);
  dead.receiver.answer = () => ({ status: 400 });
  expect(await resendDeadLetters(dead.root, dead.target, neverStopped)).toMatchObject({
    ...{ delivered: 0, refused: 3, left: 0 },
  });
  const letters = await dead.letters();
  expect(letters.map(({ seq, reason }) => [seq, reason])).toEqual(
    [0, 1, 2].map((seq) => [seq, "HTTP 400 Bad Request"]),
  );
});

test("a receiver that is away is not waited for: all that is not sent is left", async () => {
  await using dead = await makeDeadLetters(600);
  const before = await dead.letters();
  const away = createTarget(`http://127.0.0.1:${await findClosedPort()}/v1/logs`);
  const resent = await resendDeadLetters(dead.root, away, neverStopped);
  expect(resent).toMatchObject({ delivered: 0, refused: 0, left: 600 });
  expect(resent.trouble).toContain("ECONNREFUSED");
  expect(await dead.letters()).toEqual(before);
});

test("letters that were taken and never put back are taken again; new ones come beside them", async () => {
  await using dead = await makeDeadLetters(2);
  // A crash in the middle of it.
  await takeDeadLetters(dead.place, "test");
  expect(await dead.letters()).toHaveLength(2);
  const letter = { at: 1, kind: "damaged", reason: "unreadable" };
  await writeFile(path.join(dead.place, "dead-letters-test.jsonl"), `${JSON.stringify(letter)}\n`);
  dead.receiver.answer = () => OK;
  expect(await resendDeadLetters(dead.root, dead.target, neverStopped)).toMatchObject({
    ...{ delivered: 2, refused: 0, left: 1 },
  });
  expect(await dead.letters()).toEqual([letter]);
});

test("what is stopped loses nothing", async () => {
  await using dead = await makeDeadLetters(1000);
  const stop = new AbortController();
  dead.receiver.answer = () => {
    stop.abort();
    return OK;
  };
  const { delivered, left } = await resendDeadLetters(dead.root, dead.target, stop);
  expect(delivered + left).toBe(1000);
  expect(left).toBeGreaterThan(0);
  expect(await dead.letters()).toHaveLength(left);
});
