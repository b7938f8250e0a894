// Turnspan beside an OpenTelemetry set-up that is not changed for it. Run it in the checkout with
//
//     node --conditions=turnspan-source examples/own-otel/main.ts
//
// Spans, records and metrics go to the providers that tracing.ts registered; hooks need none of them.
import { createTurnspan } from "turnspan";
import { createPriceBook } from "turnspan/pricing";
import { handleRequest, runOtherLibrary } from "./orders.ts";
import { showHooks } from "./show-hooks.ts";
import { stopTracing } from "./tracing.ts";

const { price } = await createPriceBook();
const turnspan = createTurnspan({ price });
showHooks(turnspan.hooks);
console.log(await handleRequest(turnspan));
runOtherLibrary();
await stopTracing();
