import type { Fields } from "./fields.ts";

// The part of the host's plugin API that is used here. Its package is 330 MB and no dependency: its types
// are written down as far as they are relied on, and everything that it hands over is read as unknown.

interface HostLogger {
  debug?(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What a hook may answer; each hook understands its own fields only. */
export interface HookAnswer {
  readonly outcome?: "block";
  readonly reason?: string;
  readonly message?: string;
  readonly block?: true;
  readonly blockReason?: string;
}

type HostHook = (
  event: unknown,
  ctx: unknown,
) => HookAnswer | undefined | Promise<HookAnswer | undefined>;

export interface ServiceContext {
  readonly config: unknown;
  readonly stateDir: string;
  readonly logger: HostLogger;
}

interface HostService {
  readonly id: string;
  start(context: ServiceContext): Promise<void> | void;
  stop?(context: ServiceContext): Promise<void> | void;
}

/** One request to a method that a plugin registered. */
export interface GatewayRequest {
  readonly params: unknown;
  respond(
    ok: boolean,
    payload?: unknown,
    error?: { readonly code: string; readonly message: string },
  ): void;
}

/** A pressed button of a message. */
export interface InteractiveContext {
  readonly auth?: { readonly isAuthorizedSender?: boolean };
  readonly conversationId?: unknown;
  readonly callback?: { readonly data?: string; readonly messageText?: string };
  readonly respond?: {
    reply?(message: { readonly text: string }): Promise<unknown>;
    editMessage?(message: { readonly text: string }): Promise<unknown>;
  };
}

interface InteractiveHandler {
  readonly channel: string;
  readonly namespace: string;
  handler(context: InteractiveContext): Promise<{ readonly handled: boolean }>;
}

/** A command of the host's command line, as its parser has it. */
interface CliCommand {
  command(name: string): CliCommand;
  description(text: string): CliCommand;
  option(flags: string, description: string): CliCommand;
  action(run: (options: Fields) => Promise<void>): CliCommand;
}

interface CliContext {
  readonly program: CliCommand;
  readonly config: unknown;
}

interface ChatCommand {
  readonly name: string;
  readonly description: string;
  readonly acceptsArgs: boolean;
  handler(context: { readonly args?: string }): Promise<{ readonly text: string }>;
}

/** What a plugin gets to register itself with. */
export interface HostApi {
  readonly id: string;
  /** `full` once in a gateway, `discovery` in its model runtimes and in commands. */
  readonly registrationMode: string;
  readonly config: unknown;
  readonly pluginConfig?: unknown;
  readonly rootDir?: string;
  readonly version?: string;
  readonly runtime?: {
    readonly version?: string;
    readonly config?: { current?(): unknown };
  };
  readonly logger: HostLogger;
  readonly agent: {
    readonly events: {
      registerAgentEventSubscription(subscription: {
        readonly id: string;
        readonly streams: readonly string[];
        handle(event: unknown): void;
      }): void;
    };
  };
  on(hook: string, handler: HostHook, options?: { readonly timeoutMs?: number }): void;
  registerHook(
    family: string,
    handler: (event: unknown) => Promise<void> | void,
    options: { readonly name: string; readonly description: string },
  ): void;
  registerService(service: HostService): void;
  registerGatewayMethod(
    method: string,
    handler: (request: GatewayRequest) => Promise<void> | void,
    options: { readonly scope: string },
  ): void;
  registerInteractiveHandler(handler: InteractiveHandler): void;
  registerCommand(command: ChatCommand): void;
  registerCli(
    register: (context: CliContext) => void,
    options: {
      readonly descriptors: readonly {
        readonly name: string;
        readonly description: string;
        readonly hasSubcommands: boolean;
      }[];
    },
  ): void;
}
