import { readEndpoint, showEndpoint } from "../sdk/endpoint.ts";
import { wrongUse } from "./command.ts";

/** Checks what `--endpoint` was given, if anything. Throws USAGE, without what may be secret in it. */
export function checkEndpointOption(commandName: string, endpoint: string | undefined): void {
  if (endpoint === undefined || readEndpoint(endpoint) !== undefined) return;
  throw wrongUse(commandName, `--endpoint ${showEndpoint(endpoint)} is no http or https URL`);
}
