// Imports what it is told to, and prints the milliseconds of CPU time and of the clock that this took.
const [, , specifier] = process.argv;
const cpuBefore = process.cpuUsage();
const before = performance.now();
await import(specifier);
const wall = performance.now() - before;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ cpu: (user + system) / 1000, wall }));
