import { hash, randomBytes } from "node:crypto";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { hasToken, isSameToken } from "./access.ts";

/** Codes that were handed out and not used: the oldest is dropped for one more. */
const MAX_CODES = 16;
const YEAR_SECONDS = 365 * 86_400;

/** Who may read: holders of a token, and browsers that were let in once. */
export class Login {
  readonly #tokens: readonly string[];
  readonly #codes = new Set<string>();
  readonly #cookieName: () => string;

  /** `port` is known when the server listens: cookies of one host go to all its ports. */
  constructor(tokens: readonly string[], port: () => number) {
    this.#tokens = tokens;
    this.#cookieName = () => `turnspan_${port()}`;
  }

  /** Makes a code that lets one browser in, once. */
  createCode(): string {
    const [oldest] = this.#codes;
    if (this.#codes.size >= MAX_CODES && oldest !== undefined) this.#codes.delete(oldest);
    const code = randomBytes(16).toString("base64url");
    this.#codes.add(code);
    return code;
  }

  isAllowed(context: Context): boolean {
    if (hasToken(context.req.header("authorization"), this.#tokens)) return true;
    const cookie = getCookie(context, this.#cookieName());
    if (cookie === undefined) return false;
    return this.#tokens.map((token) => isSameToken(cookie, cookieOf(token))).includes(true);
  }

  hasToken(context: Context): boolean {
    return hasToken(context.req.header("authorization"), this.#tokens);
  }

  /** The routes that let a browser in: by a one-time address, or by a token typed into a form. */
  routes(): Hono {
    const app = new Hono();
    app.get("/", (context) => {
      const code = context.req.query("code") ?? "";
      if (!this.#codes.delete(code)) return context.html(loginPage(STALE), 401);
      return this.#letIn(context, this.#tokens[0] ?? "");
    });
    app.post("/", async (context) => {
      const token = new URLSearchParams(await context.req.text()).get("token") ?? "";
      const known = this.#tokens.find((one) => isSameToken(token, one));
      return known === undefined
        ? context.html(loginPage(WRONG), 401)
        : this.#letIn(context, known);
    });
    return app;
  }

  #letIn(context: Context, token: string): Response {
    setCookie(context, this.#cookieName(), cookieOf(token), {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: YEAR_SECONDS,
    });
    return context.redirect("/", 303);
  }
}

/** A cookie that opens the viewer without being the token. */
const cookieOf = (token: string): string => hash("sha256", `viewer\0${token}`, "hex");

const STALE = "This address was used already, or is from an earlier start.";
const WRONG = "This is not a read token of this server.";

/** Plain HTML: without a token nothing of the viewer is loaded. */
export function loginPage(problem = ""): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Turnspan</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>
<body><main><h1>Turnspan</h1>${problem === "" ? "" : `<p role="alert">${problem}</p>`}
<p>Run <code>turnspan up</code> in a terminal of this machine: it prints an address that opens the viewer.</p>
<form method="post" action="/login"><p><label>Or give a read token
<input name="token" type="password" autocomplete="current-password" required></label>
<button>Open</button></p></form></main></body></html>
`;
}
