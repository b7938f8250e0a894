import { SessionStory } from "../../session-story.ts";
import type { AgentContract, StoryReader, TranscriptReader } from "../../transcript.ts";

const NOTHING = /(?!)/;

const noCalls: TranscriptReader = {
  beginFile: () => undefined,
  read: () => undefined,
  endFile: () => undefined,
  takeSettled: () => [],
  rest: () => [],
};

const noStory: StoryReader = {
  beginFile: () => undefined,
  read: () => undefined,
  endFile: () => undefined,
  told: () => new SessionStory("copilot"),
};

/** GitHub Copilot CLI: its hooks alone are documented; none of its transcripts is read. */
export const copilot = {
  id: "copilot",
  title: "GitHub Copilot CLI",
  isExperimental: true,
  transcripts: {
    folders: () => [],
    file: NOTHING,
    sessionOf: (file) => file,
    usageMarks: [],
    isOwnLine: () => false,
    describeFile: async () => ({}),
    openReader: () => noCalls,
    openStory: () => noStory,
  },
} as const satisfies AgentContract;
