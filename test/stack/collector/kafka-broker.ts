import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runProcess } from "../../support/run-process.ts";
import { findPorts, listens, Program } from "./processes.ts";
import { CACHE, hashOf } from "./programs.ts";

const POM = path.resolve(import.meta.dirname, "../programs/kafka/pom.xml");
const ATTEMPTS = 3;
const RETRY_MS = 5000;
/** Any will do, as long as it is the same at each start. */
const CLUSTER_ID = "dHVybnNwYW4tdGVzdHMtMQ";

export interface Broker {
  readonly program: Program;
  /** `127.0.0.1:<port>`. */
  readonly address: string;
}

/** Starts one Kafka broker that is its own controller. Throws where Java or Maven is not installed. */
export async function startBroker(folder: string): Promise<Broker> {
  const jars = await downloadKafka();
  mkdirSync(folder, { recursive: true });
  const [port = 0, controllerPort = 0] = await findPorts(2);
  const settings = path.join(folder, "server.properties");
  writeFileSync(settings, settingsOf(folder, port, controllerPort));
  const classPath = ["-cp", `${jars}/lib/*`];
  const format = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", settings];
  const formatted = await runProcess("java", [...classPath, ...format]);
  if (formatted.code !== 0) throw new Error(`Kafka: ${formatted.stdout}${formatted.stderr}`);
  const program = new Program({
    words: ["java", "-Xmx384m", ...classPath, "kafka.Kafka", settings],
    ...{ folder, name: "kafka", isReady: listens(port) },
  });
  await program.start();
  return { program, address: `127.0.0.1:${port}` };
}

function settingsOf(folder: string, port: number, controllerPort: number): string {
  const settings = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": path.join(folder, "log"),
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
  };
  return Object.entries(settings)
    .map((setting) => setting.join("="))
    .join("\n");
}

/** Folder of Kafka's jars. They are downloaded unless they were before; throws with what Maven says. */
export async function downloadKafka(): Promise<string> {
  const jars = path.join(CACHE, `kafka-${hashOf("kafka")}`);
  if (existsSync(jars)) return jars;
  const partial = `${jars}.${process.pid}`;
  const goal = ["-q", "-B", "-f", POM, "dependency:copy-dependencies"];
  for (let attempt = 1; ; attempt += 1) {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const ended = await runProcess("mvn", [...goal, `-DoutputDirectory=${partial}/lib`]);
    if (ended.code === 0) break;
    if (attempt === ATTEMPTS) throw new Error(`Maven failed:\n${ended.stdout}${ended.stderr}`);
    await sleep(RETRY_MS * attempt);
  }
  renameSync(partial, jars);
  return jars;
}
