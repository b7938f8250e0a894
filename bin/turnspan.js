#!/usr/bin/env node
// The installed command. Written so that an old Node can parse it, and be told what it lacks.
var NEEDED_MAJOR = 24;

if (parseInt(process.versions.node, 10) < NEEDED_MAJOR) {
  process.stderr.write(
    "turnspan needs Node.js " +
      NEEDED_MAJOR +
      " or newer (this is " +
      process.version +
      '): install it from https://nodejs.org or run "npx -p node@' +
      NEEDED_MAJOR +
      ' turnspan"\n',
  );
  process.exitCode = 1;
} else {
  void import("../dist/cli/main.js");
}
