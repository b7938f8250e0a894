import type { SessionFiles } from "./find-transcripts.ts";
import { type ReadOptions, readTranscripts } from "./read-session.ts";
import type { SeenCalls } from "./seen-calls.ts";
import type { SessionStory } from "./session-story.ts";
import type {
  AgentContract,
  StoryOptions,
  StoryReader,
  TranscriptCall,
  TranscriptReader,
} from "./transcript.ts";

export interface ReadStoryOptions extends ReadOptions {
  /** Shared by all sessions that are read in one go: lines that a fork repeats are its parent's. */
  readonly seenLines: SeenCalls;
  /** Whether prompts, answers and what tools are given and give back are kept. */
  readonly content: boolean;
}

/** All that the transcripts of a session tell. */
export interface ToldSession {
  readonly story: SessionStory;
  readonly calls: readonly TranscriptCall[];
}

/** Reads a session whole: what happened in it is held in memory, without content where none is wanted. */
export async function readStory(
  session: SessionFiles,
  { seenLines, content, ...options }: ReadStoryOptions,
): Promise<ToldSession> {
  const { seen } = options;
  const { reader, story } = openSession(session.agent, { seen, seenLines, content });
  const calls: TranscriptCall[] = [];
  for await (const batch of readTranscripts(session, { ...options, reader, marks: [] })) {
    calls.push(...batch);
  }
  return { story: story.told(), calls };
}

type OpenOptions = Pick<ReadStoryOptions, "seen"> & StoryOptions;

/** Opens what reads a session's calls, and with them all else that its lines tell. */
export function openSession(
  { transcripts }: AgentContract,
  { seen, ...options }: OpenOptions,
): { readonly reader: TranscriptReader; readonly story: StoryReader } {
  const story = transcripts.openStory(options);
  return { reader: both(transcripts.openReader(seen), story), story };
}

/** Each line is parsed once, for both. */
const both = (calls: TranscriptReader, story: StoryReader): TranscriptReader => ({
  beginFile: (file) => {
    calls.beginFile(file);
    story.beginFile(file);
  },
  read: (line) => {
    calls.read(line);
    story.read(line);
  },
  endFile: () => {
    calls.endFile();
    story.endFile();
  },
  takeSettled: () => calls.takeSettled(),
  rest: () => calls.rest(),
});
