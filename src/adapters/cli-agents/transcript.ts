import type { ModelEnd } from "../../lifecycle/events.ts";
import type { Fields } from "./fields.ts";
import type { SeenCalls } from "./seen-calls.ts";
import type { SessionStory } from "./session-story.ts";

export type CliAgentId =
  | "claude-code"
  | "hawa-code"
  | "qwen-code"
  | "gemini-cli"
  | "codex"
  | "copilot";

/** One model call of a CLI agent, as its transcript tells it. */
export interface TranscriptCall {
  readonly agent: CliAgentId;
  /** The session that made the call; a subagent's calls belong to the session it works for. */
  readonly sessionId: string;
  /** The type of the subagent that made the call, `subagent` where only that it was one is known. */
  readonly subagent: string | undefined;
  /** That subagent's own id. */
  readonly thread: string | undefined;
  readonly cwd: string | undefined;
  readonly branch: string | undefined;
  readonly end: ModelEnd;
}

/** What is known of a file before its first line is read. */
export interface FileFacts {
  /** With `/` between its parts, whatever the machine. */
  readonly path: string;
  /** A subagent's type, and the tool call that started it. */
  readonly subagent?: string | undefined;
  readonly toolCallId?: string | undefined;
  readonly label?: string | undefined;
  readonly model?: string | undefined;
  readonly cwd?: string | undefined;
}

/** Reads all files of one session, line by line; remembers no more than calls that may yet change. */
export interface TranscriptReader {
  /** Begins a file, or goes on with one that has not ended. */
  beginFile(file: FileFacts): void;
  read(line: Fields): void;
  /** Nothing more comes of the file that was begun last. */
  endFile(): void;
  /** Takes the calls that no line to come is expected to change. */
  takeSettled(): readonly TranscriptCall[];
  /** The other calls as they stand: after the last file, all that is left. */
  rest(): readonly TranscriptCall[];
}

/** Reads what else the files of a session tell: its turns, tools and subagents. */
export interface StoryReader {
  /** Begins a file, or goes on with one that has not ended. */
  beginFile(file: FileFacts): void;
  read(line: Fields): void;
  /** Nothing more comes of the file that was begun last. */
  endFile(): void;
  /** What was told so far. */
  told(): SessionStory;
}

export interface StoryOptions {
  /** Shared by all sessions that are read in one go: lines that a fork repeats are its parent's. */
  readonly seenLines: SeenCalls;
  /** Whether prompts, answers and what tools are given and give back are kept. */
  readonly content: boolean;
  /** Numbers of turns that a transcript without keys has nothing of; more may be added while it grows. */
  readonly skippedTurns?: ReadonlySet<number> | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** One agent as a table: where its transcripts lie, how they are told apart, who reads them. */
export interface AgentContract {
  readonly id: CliAgentId;
  readonly title: string;
  /** Little of it was seen with the real program: it takes a word to install. */
  readonly isExperimental?: boolean;
  readonly transcripts: {
    /** Folders that the agent writes to, under an environment and its home folder. */
    readonly folders: (env: Environment, home: string | undefined) => readonly string[];
    /** Transcripts by their path below such a folder. */
    readonly file: RegExp;
    /** What the files of one session have in common, told from a path. */
    readonly sessionOf: (path: string) => string;
    /** Finds a file's session in its first lines; absent where its path tells it. */
    readonly sessionIn?: (path: string) => ((line: Fields) => string | undefined) | undefined;
    /** A line that says anything of models and their usage holds one of these. */
    readonly usageMarks: readonly string[];
    /** Whether a line can only be this agent's. */
    readonly isOwnLine: (line: Fields) => boolean;
    /** What lies beside a file. Never throws: what cannot be read is not known. */
    readonly describeFile: (path: string) => Promise<Omit<FileFacts, "path">>;
    readonly openReader: (seen: SeenCalls) => TranscriptReader;
    readonly openStory: (options: StoryOptions) => StoryReader;
  };
}
