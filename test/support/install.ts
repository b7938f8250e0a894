// biome-ignore-all lint/performance/noBarrelFile: the one place that names the untyped file.
// biome-ignore lint/correctness/useImportExtensions: JavaScript that has its types beside it.
export { installDependencies, withLock } from "../../scripts/install.mjs";
