import path from "node:path";
import { defineConfig } from "vitest/config";

/** Runs tests of the core on SDK 2 and API 1.9: what is tested and the SDK share this one copy of the API. */
export default defineConfig({
  root: path.resolve(import.meta.dirname, "../.."),
  resolve: {
    alias: {
      "@opentelemetry/api": path.join(
        import.meta.dirname,
        "sdk-2/node_modules/@opentelemetry/api/build/src/index.js",
      ),
    },
  },
  test: {
    include: ["test/lifecycle/**/*.test.ts", "test/hooks/**/*.test.ts"],
    env: { TURNSPAN_TEST_SDK: "2" },
    testTimeout: 30_000,
    maxWorkers: 2,
  },
});
