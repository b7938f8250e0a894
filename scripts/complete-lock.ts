// Adds to package-lock.json the packages of other platforms that npm left out, because the registry it was made with
// does not carry them: `npm ci` refuses such a file. Run it after every change of the dependencies:
//
//     complete-lock.ts [FOLDER]
//
// FOLDER: a package of its own, such as test/stack/temporal; default: the product.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface LockFile {
  readonly packages: Record<string, LockedPackage>;
}

/** Words in a platform package's name, and what they say in its manifest. */
const SYSTEMS = "aix android darwin freebsd linux netbsd openbsd openharmony sunos win32".split(
  " ",
);
const PROCESSORS = "arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x x64".split(" ");
const LIBRARIES: Readonly<Record<string, string>> = {
  gnu: "glibc",
  gnueabihf: "glibc",
  musl: "musl",
  musleabihf: "musl",
};

/** What the lock file says of a package of another platform: all but its checksum, which only a registry knows. */
function describePackage(name: string, version: string, parent: LockedPackage): LockedPackage {
  const words = name.split(/[-/]/);
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.find((word) => PROCESSORS.includes(word));
  const library = LIBRARIES[words.at(-1) ?? ""];
  if (system === undefined) throw new Error(`${name} is optional, but not named after a platform`);
  return {
    version,
    ...(processor && { cpu: [processor] }),
    ...(parent.dev && { dev: true }),
    ...(system === "linux" && library && { libc: [library] }),
    optional: true,
    os: [system],
  };
}

function findMissing({ packages }: LockFile): [string, LockedPackage][] {
  return Object.values(packages).flatMap((parent) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name]) => packages[`node_modules/${name}`] === undefined)
      .map(([name, version]): [string, LockedPackage] => [
        `node_modules/${name}`,
        describePackage(name, version, parent),
      ]),
  );
}

const [folder = fileURLToPath(new URL("..", import.meta.url))] = process.argv.slice(2);
const file = path.resolve(folder, "package-lock.json");
const lockFile: LockFile = JSON.parse(readFileSync(file, "utf8"));
const missing = findMissing(lockFile);
const packages = Object.entries(lockFile.packages).concat(missing);
packages.sort(([left], [right]) => left.localeCompare(right, "en"));
writeFileSync(
  file,
  `${JSON.stringify({ ...lockFile, packages: Object.fromEntries(packages) }, null, 2)}\n`,
);
console.log(`${missing.length} packages of other platforms added`);
