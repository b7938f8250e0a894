import type { HttpTarget } from "../../config/actions.ts";
import { type Delivery, DeliveryError } from "../../outbox/outbox.ts";
import type { HookLog } from "../../payload.ts";
import { readSecret } from "../secret-text.ts";
import type { AllowedTargets } from "./allowed-targets.ts";
import { formatOf } from "./formats.ts";
import { type PostReply, postPinned, type ResolveHost } from "./pinned-post.ts";
import { signatureHeaders } from "./signature.ts";
import { findSecretProblem } from "./signing-secret.ts";

/** What sending takes from the world. */
export interface HttpWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: HookLog;
  readonly allowed: AllowedTargets;
  readonly resolveHost: ResolveHost;
}

export interface HttpPost extends Pick<Delivery, "id" | "body"> {
  readonly target: HttpTarget;
  readonly traceparent: string | undefined;
  readonly timeoutMs: number;
  readonly keepsAlive: boolean;
}

/** The URL that a target names, now: it may stand in a variable. Throws where that holds none. */
export function readTargetUrl(target: HttpTarget, env: HttpWorld["env"]): URL {
  const text = readSecret(target.url, env);
  if (!URL.canParse(text)) throw new Error("the variable of the URL holds no URL");
  return new URL(text);
}

/** Sends one signed request. Throws a DeliveryError where the receiver did not take it. */
export async function sendHttp(post: HttpPost, world: HttpWorld): Promise<PostReply> {
  const { target, id, body, traceparent, timeoutMs, keepsAlive } = post;
  const { env } = world;
  const url = readTargetUrl(target, env);
  const reply = await postPinned(
    {
      url: formatOf(target.format).url?.(url) ?? url,
      headers: {
        "content-type": "application/json",
        "user-agent": "turnspan",
        ...(traceparent === undefined ? {} : { traceparent }),
        ...readHeaders(target, env),
        ...signatureHeaders({ id, body, now: world.now() }, readSecrets(target, env)),
      },
      body,
      timeoutMs,
      keepsAlive,
    },
    world.allowed,
    world.resolveHost,
  );
  refuseFailure(reply, world.now());
  return reply;
}

function readHeaders({ headers = {} }: HttpTarget, env: HttpWorld["env"]): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    readSecret(value, env),
  ]);
  return Object.fromEntries(pairs);
}

function readSecrets({ secret }: HttpTarget, env: HttpWorld["env"]): string[] {
  const given = secret === undefined ? [] : secret;
  const secrets = (Array.isArray(given) ? given : [given]).map((text) => readSecret(text, env));
  const problem = secrets.map(findSecretProblem).find((found) => found !== undefined);
  if (problem !== undefined) throw new Error(`secret: ${problem}`);
  return secrets;
}

const GONE = 410;

/** A redirect is a failure too: it would lead where nobody has allowed it. */
function refuseFailure({ status, retryAfter }: PostReply, now: number): void {
  if (status >= 200 && status < 300) return;
  if (status === GONE) {
    throw new DeliveryError("the receiver is gone (410) and is sent nothing more", {
      next: "gone",
    });
  }
  const notBefore = readRetryAfter(retryAfter, now);
  throw new DeliveryError(`the receiver answered with status ${status}`, { notBefore });
}

/** Seconds, or a date. */
function readRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = /^\d+$/.test(text) ? now + Number(text) * 1000 : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
