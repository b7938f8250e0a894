import { BLOCKED_EVENT } from "./hook-moment.ts";

/** What an agent waits for an answer at most, beyond all guards together and below what its settings allow. */
const ANSWER_MS = 16_000;

/**
 * Capture where there is no sh, and where an agent waits for an answer. It needs nothing but Node, of any
 * version. Where the server does not answer, the event is kept as any other; with `closed` the prompt is
 * blocked then.
 */
export const NODE_SCRIPT = `// Keeps one hook event of a coding agent for Turnspan ("turnspan uninstall" removes it).
// It prints {}, or what the server answers where it is to ask, says nothing else and ends with 0.
// usage: node capture.cjs AGENT [PROCESS-ID [open|closed]] <EVENT
const fs = require("node:fs");
const path = require("node:path");
const [agent, given, mode] = process.argv.slice(2);
const beganMs = Date.now();
const own = agent === "claude-code" ? Number(process.env.CLAUDE_PID) : 0;
const pid = own || Number(given) || process.ppid;
const id = process.env.TURNSPAN_RUN || "";
const run = /^[A-Za-z0-9-]+$/.test(id) ? id : "";

function keep(event, timeMs) {
  const spool = path.join(__dirname, "spool");
  const head = "turnspan 1 " + agent + " " + pid + (run && " " + run) + "\\n";
  for (let n = 0; n < 1000; n += 1) {
    const file = path.join(spool, pid + "-" + process.pid + "." + n);
    if (fs.existsSync(file + ".event")) continue;
    try {
      fs.writeFileSync(file, Buffer.concat([Buffer.from(head), event]), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (error.code === "EEXIST") continue;
      throw error;
    }
    fs.utimesSync(file, timeMs / 1000, timeMs / 1000);
    fs.renameSync(file, file + ".event");
    return;
  }
}

function ask(event, done) {
  const inData = (name) => fs.readFileSync(path.join(__dirname, "..", name), "utf8").trim();
  const url = JSON.parse(inData("server.json")).otlpUrl + "/turnspan/hooks/" + agent + "?ask";
  const request = require("node:http").request(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer " + inData("read-token"),
      "turnspan-process": String(pid),
      "turnspan-run": run,
    },
  });
  const late = setTimeout(() => request.destroy(), ${ANSWER_MS});
  const end = (answer) => {
    clearTimeout(late);
    done(answer);
  };
  request.on("error", () => end(undefined));
  request.on("response", (response) => {
    const parts = [];
    response.on("data", (part) => parts.push(part));
    response.on("error", () => end(undefined));
    response.on("end", () => end(response.statusCode === 200 ? Buffer.concat(parts) : undefined));
  });
  request.end(event);
}

const tried = (work) => {
  try {
    work();
  } catch {}
};

// Nobody has answered: what was blocked is kept as an event of its own.
function block(event) {
  const reason =
    "Turnspan does not answer, and prompts wait for its beforeTurn hooks. Start it with \\"turnspan up\\", " +
    "or let prompts pass with \\"turnspan install " + agent + " --before-turn open\\".";
  tried(() => {
    const { session_id, transcript_path, cwd, prompt_id, turn_id } = JSON.parse(event);
    const about = { session_id, transcript_path, cwd, prompt_id, turn_id, reason };
    const timestamp = new Date().toISOString();
    const told = { ...about, timestamp, hook_event_name: "${BLOCKED_EVENT}" };
    keep(Buffer.from(JSON.stringify(told)), Date.now());
  });
  process.stdout.write(JSON.stringify({ decision: "block", reason }));
}

function keepUnasked(event) {
  tried(() => keep(event, beganMs));
  if (mode === "closed") block(event);
  else process.stdout.write("{}");
}

try {
  const event = fs.readFileSync(0);
  if (mode !== "open" && mode !== "closed") keepUnasked(event);
  else {
    try {
      ask(event, (answer) => (answer ? process.stdout.write(answer) : keepUnasked(event)));
    } catch {
      keepUnasked(event);
    }
  }
} catch {
  process.stdout.write("{}");
}
`;
