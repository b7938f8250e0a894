import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { startConfigured } from "../configured.ts";
import { createVerifier, makeSecret, type Received, startReceiver } from "./receiver.ts";

const COUNT = 10_000;
const AT_A_TIME = 100;
const secret = makeSecret("one");
const other = makeSecret("two");

/** Posts one event for each of so many turns, and shows each request when it arrives: it is stale after 300 s. */
async function post(
  count: number,
  secrets: string | string[],
  see: (request: Received) => void,
): Promise<void> {
  await using receiver = await startReceiver((request) => {
    see(request);
    return {};
  });
  const hooks = { afterTurn: [{ url: receiver.url, secret: secrets }] };
  using configured = await startConfigured({ hooks, http: { allow: [receiver.target] } });
  using session = configured.turnspan.openSession({ sessionKey: "web:42", agentId: "support" });
  for (let done = 0; done < count; done += AT_A_TIME) {
    for (let turn = 0; turn < Math.min(AT_A_TIME, count - done); turn += 1) {
      await session.turn({}, () => "done");
    }
    await configured.settled();
  }
  expect(configured.findings).toEqual([]);
}

type Forge = (request: Received) => Pick<Received, "headers" | "body">;

const withHeader = (request: Received, name: string, value: string) => ({
  body: request.body,
  headers: { ...request.headers, [name]: value },
});

/** What somebody without the secret can do to a request that was seen. */
const forgeries: readonly Forge[] = [
  ({ headers, body }) => ({ headers, body: body.replace("support", "suppork") }),
  ({ headers, body }) => ({ headers, body: `${body} ` }),
  (request) => withHeader(request, "webhook-id", `msg_${"0".repeat(32)}`),
  (request) =>
    withHeader(
      request,
      "webhook-timestamp",
      String(Number(request.headers["webhook-timestamp"]) + 1),
    ),
  (request) =>
    withHeader(request, "webhook-signature", `v1,${Buffer.alloc(32).toString("base64")}`),
  (request) => withHeader(request, "webhook-signature", ""),
  (request) =>
    withHeader(
      request,
      "webhook-signature",
      new Webhook(other).sign(String(request.headers["webhook-id"]), new Date(), request.body),
    ),
  (request) =>
    withHeader(request, "webhook-signature", `v0${request.headers["webhook-signature"]}`),
];

test("the reference library accepts 10,000 of 10,000 requests, and no forged, repeated or stale one", async () => {
  const verify = createVerifier(secret);
  const careless = ({ body }: Pick<Received, "body">): boolean => JSON.parse(body) !== undefined;
  const counts = { seen: 0, forged: 0, accepted: 0, repeated: 0, carelesslyAccepted: 0 };
  await post(COUNT, secret, (request) => {
    const forged = forgeries[counts.seen % forgeries.length]?.(request) ?? request;
    counts.seen += 1;
    if (verify(forged)) counts.forged += 1;
    if (verify(request)) counts.accepted += 1;
    // The same once more: the signature is right, but its id is known.
    if (verify(request)) counts.repeated += 1;
    if (careless(forged)) counts.carelesslyAccepted += 1;
  });
  expect(counts).toEqual({
    ...{ seen: COUNT, forged: 0, accepted: COUNT, repeated: 0 },
    // A receiver that does not verify takes all of them: the figures above can fail.
    carelesslyAccepted: COUNT,
  });
}, 1_200_000);

test.each([
  [299, true],
  [301, false],
])("a request that is %i s old is accepted: %s", async (age, accepted) => {
  await using receiver = await startReceiver();
  const hooks = { afterTurn: [{ url: receiver.url, secret }] };
  using configured = await startConfigured(
    { hooks, http: { allow: [receiver.target] } },
    { now: () => Date.now() - age * 1000 },
  );
  using session = configured.turnspan.openSession({ sessionKey: "k" });
  await session.turn({}, () => "done");
  await configured.settled();
  expect(receiver.received.map(createVerifier(secret))).toEqual([accepted]);
});

test("while one secret is replaced by another, receivers with either accept", async () => {
  const verifiers = [secret, other, makeSecret("three")].map(createVerifier);
  const accepted: boolean[][] = [];
  await post(3, [secret, other], (request) => {
    accepted.push(verifiers.map((verify) => verify(request)));
  });
  expect(accepted).toEqual(Array(3).fill([true, true, false]));
});
