import { defineConfig } from "vitest/config";

/** Folders whose tests need more than this process: each is a project of its own. */
const ownProjects = ["test/stack/**", "test/browser/**", "test/faults/**", "test/bench/**"];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    coverage: { provider: "v8", include: ["src/**/*.ts"], reportsDirectory: "coverage" },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: ownProjects },
      },
      { extends: true, test: { name: "stack", include: ["test/stack/**/*.test.ts"] } },
      { extends: true, test: { name: "faults", include: ["test/faults/**/*.test.ts"] } },
    ],
  },
});
