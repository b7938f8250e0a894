import { CommonPayload } from "../../common-payload.ts";
import type { TemporalAction } from "../../config/actions.ts";
import type { ConfiguredHook, HookAction } from "../../config/configured-hook.ts";
import { withDeadline } from "../../deadline.ts";
import { DEFAULT_TIMEOUT_MS } from "../../entry.ts";
import { DeliveryError, destinationOf } from "../../outbox/outbox.ts";
import type { AnyPayload } from "../../payload.ts";
import { messageId } from "../message-id.ts";
import { outgoingEvent } from "../outgoing-event.ts";
import type { HookRunner, RunnerWorld } from "../runner.ts";
import { readSecret } from "../secret-text.ts";
import type { TemporalClient } from "./client.ts";

/** What stands in an outbox: a signal is complete without its session. */
interface Letter {
  readonly workflowId: string;
  readonly event: object;
}

/**
 * Signals the workflow that the session's metadata names; a session without one has nobody waiting. The
 * event carries the record's id, since a signal may arrive twice: the workflow drops the second.
 */
export function createTemporalRunner(
  action: Extract<HookAction, { type: "temporal" }>,
  hook: ConfiguredHook,
  world: RunnerWorld,
): HookRunner {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, content, id } = hook;
  const connect = connectOnce(action, world);
  const { address, namespace, signal } = action;
  const destination = destinationOf(id, [address, namespace, signal]);
  world.outbox.register(destination, async ({ body }) => {
    const letter: Letter = JSON.parse(body);
    await refuseForEver(withDeadline(sendSignal(await connect(), action, letter), timeoutMs));
  });
  return {
    run: async (payload) => {
      const workflowId = findWorkflowId(payload, action.workflowId);
      if (workflowId === undefined) return;
      const letter: Letter = { workflowId, event: outgoingEvent(payload, content) };
      const body = JSON.stringify(letter);
      await world.outbox.post({ id: messageId(payload, id), destination, body });
    },
  };
}

/** One client for all signals; a failed connection is tried anew the next time. */
function connectOnce(
  { address, namespace, apiKey, tls }: TemporalAction,
  { connectTemporal, env }: RunnerWorld,
): () => Promise<TemporalClient> {
  let client: Promise<TemporalClient> | undefined;
  return async () => {
    client ??= connectTemporal({
      address,
      namespace,
      apiKey: apiKey === undefined ? undefined : readSecret(apiKey, env),
      tls,
    });
    try {
      return await client;
    } catch (error) {
      client = undefined;
      throw error;
    }
  };
}

function sendSignal(
  client: TemporalClient,
  { signal, start }: TemporalAction,
  { workflowId, event }: Letter,
): Promise<void> {
  const message = { workflowId, signal, payload: event };
  return start === undefined ? client.signal(message) : client.signalWithStart(message, start);
}

/** A workflow that is not there will not be there later either. */
async function refuseForEver(sending: Promise<unknown>): Promise<void> {
  try {
    await sending;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "WorkflowNotFoundError") throw error;
    throw new DeliveryError(`the workflow was not found: ${error.message}`, { next: "drop" });
  }
}

/** Of the payload itself where it tells of a session's end, else of the session it belongs to. */
function findWorkflowId(payload: AnyPayload, key: string): string | undefined {
  const context = "context" in payload ? payload.context : undefined;
  const told = context !== undefined && "metadata" in context ? context.metadata : undefined;
  const known = CommonPayload.recordOf(payload)?.session.details?.metadata;
  const value = { ...known, ...told }[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}
