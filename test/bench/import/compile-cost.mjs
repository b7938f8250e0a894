// Compiles and runs the modules of a package, and prints the milliseconds of CPU time that V8 took. What they import from
// elsewhere is there already, so that only the package itself is measured. Needs --experimental-vm-modules.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const [, , specifier] = process.argv;
const modules = new Map();
let costMs = 0;

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function compile(file) {
  const text = readFileSync(file, "utf8");
  const before = cpuMs();
  const module = new vm.SourceTextModule(text, { identifier: file });
  costMs += cpuMs() - before;
  return module;
}

function load(file) {
  const module = modules.get(file) ?? compile(file);
  modules.set(file, module);
  return module;
}

async function loadForeign(name) {
  const names = await import(name);
  return new vm.SyntheticModule(Object.keys(names), function setAll() {
    for (const key of Object.keys(names)) this.setExport(key, names[key]);
  });
}

const main = load(fileURLToPath(import.meta.resolve(specifier)));
await main.link((name, from) =>
  name.startsWith(".")
    ? load(path.resolve(path.dirname(from.identifier), name))
    : loadForeign(name),
);
const before = cpuMs();
await main.evaluate();
costMs += cpuMs() - before;
// The API is part of what is imported.
if (specifier !== "@opentelemetry/api") {
  const { execFileSync } = await import("node:child_process");
  const flags = ["--experimental-vm-modules", "--no-warnings"];
  const args = [...flags, process.argv[1], "@opentelemetry/api"];
  costMs += Number(execFileSync(process.execPath, args, { cwd: path.dirname(process.argv[1]) }));
}
console.log(JSON.stringify(costMs));
