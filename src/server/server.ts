/** The embedded server: takes OTLP, stores it, answers queries and serves the viewer. */
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { isErrno } from "../base/files.ts";
import { VERSION } from "../version.ts";
import { inUrl } from "./access.ts";
import type { StoreState } from "./api-report-types.ts";
import { createApp } from "./app.ts";
import { announceServer, readOrMakeToken } from "./data-folder.ts";
import { withHookRoute } from "./hook-route.ts";
import { type Listener, listen } from "./listen.ts";
import { LiveChanges } from "./live.ts";
import { Login } from "./login.ts";
import { createCounts, createReceiver } from "./otlp/receiver.ts";
import { cannotListen, portTaken } from "./port-owner.ts";
import { openReader, type StoreReader } from "./queries/reader.ts";
import {
  type CompleteOptions,
  checkOptions,
  completeOptions,
  type ServerOptions,
} from "./server-options.ts";
import { createStatus } from "./server-status.ts";
import { MAX_WAITING_BYTES, Writer } from "./writer/writer.ts";

export interface TurnspanServer extends AsyncDisposable {
  readonly otlpUrl: string;
  readonly uiUrl: string;
  /** Token of the query API on this machine. */
  readonly readToken: string;
  /** The viewer's address with a code that opens it once. */
  createLoginUrl(): string;
  /** Resolves when the store's thread dies, which ends the server's use; never rejects. */
  readonly failed: Promise<Error>;
  /** Takes nothing more, writes what it has, closes the store. */
  close(): Promise<void>;
}

/** Known when the server listens. */
interface Addresses {
  otlpUrl: string;
  uiUrl: string;
  uiPort: number;
}

/** The store with those that write and watch it. */
interface StoreParts {
  readonly writer: Writer;
  readonly reader: StoreReader;
  readonly live: LiveChanges;
  readonly state: () => StoreState;
  readonly failed: Promise<Error>;
}

/**
 * Starts the server. Throws SERVER_OPTIONS_INVALID, SERVER_PORT_TAKEN, SERVER_DATA_IN_USE, SERVER_DATA_UNUSABLE,
 * STORE_NEWER and STORE_BROKEN.
 */
export async function startServer(given: ServerOptions): Promise<TurnspanServer> {
  checkOptions(given);
  const options = completeOptions(given);
  const { dataFolder } = options;
  await using stack = new AsyncDisposableStack();
  const addresses: Addresses = { otlpUrl: "", uiUrl: "", uiPort: 0 };
  const store = await openStore(options, stack);
  const readToken = readOrMakeToken(dataFolder);
  const login = new Login([readToken, ...options.readTokens], () => addresses.uiPort);
  const createLoginUrl = (): string => `${addresses.uiUrl}/login?code=${login.createCode()}`;
  const handlers = createHandlers({ options, store, addresses, login, createLoginUrl, readToken });
  await listenAll(handlers, options, addresses, stack);
  stack.defer(() => store.live.end());
  const { otlpUrl, uiUrl } = addresses;
  stack.use(announceServer(dataFolder, { pid: process.pid, version: VERSION, otlpUrl, uiUrl }));
  const owned = stack.move();
  const close = (): Promise<void> => owned.disposeAsync();
  const { failed } = store;
  return { otlpUrl, uiUrl, readToken, createLoginUrl, failed, close, [Symbol.asyncDispose]: close };
}

async function openStore(
  options: CompleteOptions,
  stack: AsyncDisposableStack,
): Promise<StoreParts> {
  const failed = Promise.withResolvers<Error>();
  let state: StoreState = { state: "ok", problem: null, sinceMs: null };
  let live: LiveChanges | undefined;
  const writer = await Writer.start(options.writer, {
    onChanged: (rows) => live?.note(rows),
    onStore: (next) => {
      state = next;
      live?.noteStore(next);
    },
    onFailed: (error) => {
      state = { state: "failed", problem: error.message, sinceMs: options.now() };
      failed.resolve(error);
    },
  });
  stack.defer(() => writer.close());
  const reader = stack.use(openReader(options.dataFolder));
  live = stack.use(new LiveChanges(reader));
  return { writer, reader, live, state: () => state, failed: failed.promise };
}

interface Handlers {
  readonly receive: RequestListener;
  readonly serve: RequestListener;
}

function createHandlers(parts: {
  readonly options: CompleteOptions;
  readonly store: StoreParts;
  readonly addresses: Addresses;
  readonly login: Login;
  readonly createLoginUrl: () => string;
  readonly readToken: string;
}): Handlers {
  const { options, store, addresses, login } = parts;
  const { hosts, now, viewerFolder } = options;
  const { reader, live, writer, state } = store;
  const counts = createCounts();
  const waitingBytes = (): number => writer.waitingBytes;
  const otlpUrl = (): string => addresses.otlpUrl;
  const app = createApp({
    ...{ store: reader, live, login, now, viewerFolder, version: VERSION },
    access: { hosts, tokens: [] },
    status: createStatus({ options, reader, counts, otlpUrl, store: state }),
    counts: () => ({ ...counts, received: counts.accepted, waitingBytes: waitingBytes() }),
    loginUrl: parts.createLoginUrl,
  });
  const serve = getRequestListener(app.fetch);
  const access = { hosts, tokens: options.ingestTokens };
  const receiver = createReceiver({
    access,
    ingest: (body) => writer.ingest(body),
    ...{ waitingBytes, counts, maxWaitingBytes: MAX_WAITING_BYTES },
    viewerUrl: () => `${addresses.uiUrl}/`,
  });
  // Hooks of this machine have the token that lies in the data folder.
  const tokens = access.tokens.length === 0 ? [] : [...access.tokens, parts.readToken];
  const receive = withHookRoute(receiver, { hosts, tokens }, options.takeHook);
  return { receive: named(receive), serve: named((...pair) => void serve(...pair)) };
}

/** So that a second server can say who has the port. */
const named =
  (handle: RequestListener): RequestListener =>
  (request, response) => {
    response.setHeader("server", `turnspan/${VERSION}`);
    return handle(request, response);
  };

async function listenAll(
  { receive, serve }: Handlers,
  options: CompleteOptions,
  addresses: Addresses,
  stack: AsyncDisposableStack,
): Promise<void> {
  const open = async (handle: RequestListener, port: number): Promise<Listener> => {
    try {
      const listener = await listen(handle, port, options.listen);
      stack.defer(() => listener.close());
      return listener;
    } catch (error) {
      if (isErrno(error, "EADDRINUSE")) throw await portTaken(port, options, error);
      throw cannotListen(port, options.listen, error);
    }
  };
  const ui = await open(serve, options.uiPort);
  const otlp = await open(receive, options.port);
  const host = inUrl(shownAddress(options.listen));
  addresses.otlpUrl = `http://${host}:${otlp.port}`;
  addresses.uiUrl = `http://${host}:${ui.port}`;
  addresses.uiPort = ui.port;
}

/** An address that means all of them is none to be called by. */
const shownAddress = (address: string | undefined): string =>
  address === undefined || address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
