import { flatMessages } from "../../semconv/read-names.ts";
import type { AttributeValue } from "../api-types.ts";

/** What the fields of one message said. */
interface FlatMessage {
  role: string;
  readonly texts: string[];
  readonly calls: Map<string, { id?: string; name?: string; arguments?: string }>;
  readonly answers: { id?: string };
}

type SetField = (message: FlatMessage, value: string, call: string) => void;

const callOf = (message: FlatMessage, call: string) => {
  const known = message.calls.get(call) ?? {};
  message.calls.set(call, known);
  return known;
};

/** By the field's name, numbers in it replaced by `#`. */
const setters: ReadonlyMap<string, SetField> = new Map<string, SetField>([
  ["role", (message, value) => (message.role = value)],
  ["content", (message, value) => message.texts.push(value)],
  ["contents.#.message_content.text", (message, value) => message.texts.push(value)],
  ["tool_call_id", (message, value) => (message.answers.id = value)],
  ["tool_calls.#.tool_call.id", (message, value, call) => (callOf(message, call).id = value)],
  [
    "tool_calls.#.tool_call.function.name",
    (message, value, call) => (callOf(message, call).name = value),
  ],
  [
    "tool_calls.#.tool_call.function.arguments",
    (message, value, call) => (callOf(message, call).arguments = value),
  ],
  ["tool_calls.#.id", (message, value, call) => (callOf(message, call).id = value)],
  ["tool_calls.#.name", (message, value, call) => (callOf(message, call).name = value)],
  ["tool_calls.#.arguments", (message, value, call) => (callOf(message, call).arguments = value)],
]);

/** Collects messages that were written as one attribute for each of their fields. */
export class FlatMessages {
  readonly #messages = new Map<string, Map<number, FlatMessage>>();

  /** Takes an attribute; false where it is none of a message's. */
  take(attribute: string, value: AttributeValue): boolean {
    for (const { prefix, inner, name } of flatMessages) {
      if (!attribute.startsWith(prefix)) continue;
      const [, index, rest] = /^(\d{1,5})\.(.+)$/.exec(attribute.slice(prefix.length)) ?? [];
      if (index === undefined || rest === undefined || !rest.startsWith(inner)) return false;
      const field = rest.slice(inner.length);
      const set = setters.get(field.replaceAll(/\d+/g, "#"));
      if (set === undefined) return false;
      set(this.#message(name, Number(index)), String(value), /\d+/.exec(field)?.[0] ?? "");
      return true;
    }
    return false;
  }

  /** The messages in the conventions' form, a JSON text each, by the conventions' attribute. */
  *read(): Generator<readonly [attribute: string, parts: string[]]> {
    for (const [name, messages] of this.#messages) {
      const inOrder = [...messages].sort(([one], [other]) => one - other);
      yield [name, inOrder.map(([, message]) => JSON.stringify(toMessage(message)))];
    }
  }

  #message(name: string, index: number): FlatMessage {
    const messages = this.#messages.get(name) ?? new Map<number, FlatMessage>();
    this.#messages.set(name, messages);
    const message = messages.get(index) ?? { role: "", texts: [], calls: new Map(), answers: {} };
    messages.set(index, message);
    return message;
  }
}

function toMessage({ role, texts, calls, answers }: FlatMessage): object {
  const isAnswer = answers.id !== undefined;
  return {
    role,
    parts: [
      ...texts.map((text) =>
        isAnswer
          ? { type: "tool_call_response", id: answers.id, response: text }
          : { type: "text", content: text },
      ),
      ...[...calls.values()].map((call) => ({ type: "tool_call", ...call })),
    ],
  };
}

const prefixes = flatMessages.map(({ prefix }) => prefix);

/** Whether an attribute may belong to such a message: most do not, and need no more looking. */
export const mayBeFlat = (attribute: string): boolean =>
  prefixes.some((prefix) => attribute.startsWith(prefix));
