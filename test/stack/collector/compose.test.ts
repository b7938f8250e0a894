import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readText, root } from "../../collector/configs.ts";
import { runProcess } from "../../support/run-process.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";
import { buildProgram } from "./programs.ts";

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly { readonly type: string; readonly source: string }[];
}

const TOKENS = { TURNSPAN_INGEST_TOKEN: "ingest-1", TURNSPAN_READ_TOKEN: "read-1" };
let program: string;

beforeAll(async () => {
  program = await buildProgram("compose");
}, 1_800_000);

const load = (file: string, variables: Readonly<Record<string, string>>) =>
  runProcess(program, [file], { env: { PATH: process.env["PATH"], ...variables } });

test("Docker Compose's own reader takes the file, and finds all that it mounts", async () => {
  const { code, stdout, stderr } = await load(path.join(root, "docker-compose.yml"), TOKENS);
  expect(code, stderr).toBe(0);
  // Not one of its warnings either: of a variable that is not set, of a key that is out of use.
  expect(stderr).toBe("");
  const { services } = JSON.parse(stdout) as {
    readonly services: Readonly<Record<string, Service>>;
  };
  expect(Object.keys(services).toSorted()).toEqual([
    ...["alertmanager", "collector", "grafana", "jaeger", "prometheus", "turnspan"],
  ]);
  const mounts = Object.values(services).flatMap((service) => service.volumes ?? []);
  const files = mounts.filter(({ type }) => type === "bind").map(({ source }) => source);
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
  expect(services["collector"]?.environment?.["RECORDS_TOKEN"]).toBe("ingest-1");
  expect(services["grafana"]?.environment?.["TURNSPAN_READ_TOKEN"]).toBe("read-1");
});

test("without tokens it is refused, in words that say what to do", async () => {
  const { code, stderr } = await load(path.join(root, "docker-compose.yml"), {});
  expect(code).toBe(1);
  expect(stderr).toContain("set it to a long random text");
});

test("the control: a key that no compose file has is found", async () => {
  using folder = makeTemporaryFolder();
  const text = readText("docker-compose.yml").replace("healthcheck:", "health_check:");
  const { code, stderr } = await load(folder.write("docker-compose.yml", text), TOKENS);
  expect(code).toBe(1);
  expect(stderr).toContain("health_check");
});
