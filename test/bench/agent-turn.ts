import { finish } from "./report.ts";
import { benchTurn } from "./turn/bench-turn.ts";
import { setContextManager, startSdk3 } from "./turn/stack-sdk-3.ts";

setContextManager();
finish(await benchTurn("SDK 3.1, API 1.10", startSdk3));
