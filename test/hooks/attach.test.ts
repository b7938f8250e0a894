import { expect, test } from "vitest";
import { attachHooks } from "../../src/hooks/attach.ts";
import { HookEngine } from "../../src/hooks/engine.ts";
import { createTurnspan } from "../../src/turnspan.ts";
import { makeRepository } from "./repository.ts";

const refuse = (reason: string) => ({
  hooks: { beforeTurn: [{ command: ["sh", "-c", `echo ${reason} >&2; exit 2`] }] },
});

async function firstTurn(engine: HookEngine): Promise<string> {
  const turnspan = createTurnspan({ hooks: engine });
  using session = turnspan.openSession({ sessionKey: "k" });
  return session.turn({ onBlocked: ({ reason }) => String(reason) }, () => "ran");
}

test("a program without our SDK attaches what the user and their repository have, or its own", async () => {
  using repository = makeRepository({ ".turnspan/config.json": refuse("repository") });
  // Other sections of a file are somebody else's to check.
  repository.home.write(".config/turnspan/config.json", {
    telemetry: { endpoint: "https://a.example" },
    hooks: {},
  });
  const world = { env: repository.env, cwd: repository.root.path, stdout: { write: () => true } };
  const engine = new HookEngine();
  {
    using attached = await attachHooks(engine, world);
    expect([attached.hooks.length, await firstTurn(engine)]).toEqual([0, "ran"]);
  }
  await repository.approve();
  {
    using _attached = await attachHooks(engine, world);
    expect(await firstTurn(engine)).toBe("repository");
  }
  {
    using _attached = await attachHooks(engine, { ...world, config: refuse("own") });
    expect(await firstTurn(engine)).toBe("own");
  }
  const file = repository.outside.write("own.json", refuse("file"));
  using _attached = await attachHooks(engine, { ...world, config: file });
  expect(await firstTurn(engine)).toBe("file");
});
