import { defineConfig } from "vitest/config";

/** Folders whose tests need more than this process: each is a project of its own. */
const ownProjects = ["stack", "browser", "faults", "bench"].map((folder) => `test/${folder}/**`);
/** Packages that tests install for themselves bring tests of their own. */
const PACKAGES = "**/node_modules/**";

export default defineConfig({
  test: {
    // Longer than any test takes on a slow machine that does other things too.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: 2,
    coverage: { provider: "v8", include: ["src/**/*.ts"], reportsDirectory: "coverage" },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [...ownProjects, PACKAGES] },
      },
      {
        extends: true,
        test: {
          name: "stack",
          include: ["test/stack/**/*.test.ts"],
          exclude: ["test/stack/{collector,openclaw}/**", PACKAGES],
        },
      },
      // A real OpenClaw gateway: it takes minutes to start on a busy machine.
      {
        extends: true,
        test: { name: "openclaw", include: ["test/stack/openclaw/**/*.test.ts"], maxWorkers: 1 },
      },
      // The collector, Jaeger, Prometheus and Alertmanager: built from Go modules the first time.
      {
        extends: true,
        test: {
          name: "collector",
          include: ["test/stack/collector/**/*.test.ts"],
          globalSetup: "test/stack/collector/build-programs.ts",
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          globalSetup: "test/support/fault-tools.ts",
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: "test/browser/build-viewer.ts",
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
