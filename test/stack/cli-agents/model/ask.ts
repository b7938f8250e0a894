/** What an agent asked a model for, whatever the provider. */
export interface Ask {
  readonly id: number;
  readonly model: string;
  /** Only an agent's own calls offer tools; those for titles and the like do not. */
  readonly tools: readonly string[];
  /** What came after the model's last answer. */
  readonly said: string;
  readonly hasResult: boolean;
  readonly isStreamed: boolean;
}

interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

/** Of every call of every provider. */
export const USAGE = { input: 1000, cached: 300, written: 200, output: 50 } as const;

const SHELLS = ["Bash", "run_shell_command", "exec_command", "shell_command", "shell"];
const SPAWNERS = ["Agent", "Task", "agent", "task", "invoke_agent"];
const INNER_PROMPT = "use a TOOL inside, then answer";

/** Words in a prompt decide: FAIL is for the server, SLOW for its timer. */
export function answerTo(ask: Ask): Answer {
  if (ask.tools.length === 0 && !ask.hasResult) return { text: '{"title":"lab"}', calls: [] };
  if (ask.hasResult) return { text: "The tool has said it.", calls: [] };
  const wants = [
    ...(/SUBAGENT/.test(ask.said) ? [spawn(ask)] : []),
    ...(/\bTOOL/.test(ask.said) ? [shell(ask)] : []),
  ].slice(0, 1);
  return { text: wants.length > 0 ? "" : "Hello from the model.", calls: wants };
}

const offered = (names: readonly string[], { tools }: Ask): string =>
  names.find((name) => tools.includes(name)) ?? names[0] ?? "";

function shell(ask: Ask): ToolCall {
  const name = offered(SHELLS, ask);
  const command = "echo from-the-tool";
  const inputs: Readonly<Record<string, object>> = {
    exec_command: { cmd: command },
    shell: { command: ["sh", "-c", command] },
    run_shell_command: { command, description: "says something", is_background: false },
  };
  return { id: `call_${ask.id}`, name, input: { command, description: "says", ...inputs[name] } };
}

function spawn(ask: Ask): ToolCall {
  const name = offered(SPAWNERS, ask);
  const about = { description: "small check", subagent_type: "general-purpose" };
  const input =
    name === "invoke_agent"
      ? { agent_name: "generalist", prompt: INNER_PROMPT }
      : { ...about, prompt: INNER_PROMPT };
  return { id: `call_${ask.id}`, name, input };
}

type Fields = Readonly<Record<string, unknown>>;

/** The part of an unchecked value that is an object. */
export const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

export const list = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? value.map(fields) : [];

/** The text of a message's content, as one string or in parts. */
export const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : list(content)
        .map((part) => part["text"] ?? "")
        .join("\n");

/** What stands behind the last item that is so. */
export const after = (items: readonly Fields[], isAnswer: (item: Fields) => boolean) =>
  items.slice(items.findLastIndex(isAnswer) + 1);

/** Server-sent events, as one body. */
export const events = (parts: readonly object[], named = false): string =>
  parts
    .map((part) => {
      const head = named && "type" in part ? `event: ${part.type}\n` : "";
      return `${head}data: ${JSON.stringify(part)}\n\n`;
    })
    .join("");
