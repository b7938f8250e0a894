/** Preloaded: what this checkout imports as the API is the copy that SDK 2 uses. */
import { createRequire, registerHooks } from "node:module";

const NAME = "@opentelemetry/api";
const { resolve } = createRequire(new URL("../../compat/sdk-2/package.json", import.meta.url));
const url = import.meta.resolve(resolve(NAME));

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === NAME ? { url, shortCircuit: true } : next(specifier, context),
});
