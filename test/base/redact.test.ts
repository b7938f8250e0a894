import fc from "fast-check";
import { expect, test } from "vitest";
import { mayHoldSecret, redactText } from "../../src/base/redact.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const word = (minLength: number) =>
  fc
    .array(fc.constantFrom(...ALPHABET), { minLength, maxLength: minLength + 8 })
    .map((characters) => characters.join(""));
const capitals = (length: number) =>
  fc
    .array(fc.constantFrom(...ALPHABET.slice(0, 26)), { minLength: length, maxLength: length })
    .map((characters) => characters.join(""));

/** A secret of each shape that is taken out, made so that no file of ours holds one. */
const secret = fc.oneof(
  fc.tuple(fc.constantFrom("sk-", "sk-ant-", "sk-proj-"), word(20)),
  fc.tuple(fc.constantFrom("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), word(24)),
  fc.tuple(fc.constantFrom("glpat-", "xoxb-", "xoxp-"), word(20)),
  fc.tuple(fc.constantFrom("AKIA", "ASIA"), capitals(16)),
  fc.tuple(fc.constantFrom("AIza", "npm_"), word(35)),
  fc.tuple(fc.constant("1234567:"), word(32)),
  fc.tuple(fc.constantFrom("Bearer ", "basic  "), word(20)),
  fc.tuple(fc.constantFrom("password=", 'api_key": "', "ACCESS-KEY: ", "my_token="), word(12)),
  fc.tuple(word(10), word(10), word(10)).map((parts) => ["eyJ", parts.join(".")] as const),
  fc.tuple(
    fc.constant("postgres://someone:"),
    word(8).map((text) => `${text}@host/`),
  ),
  fc.tuple(fc.constant("-----BEGIN RSA PRIVATE KEY-----\n"), word(40)),
);

test("a secret of any shape is taken out, wherever it stands", () => {
  fc.assert(
    fc.property(secret, fc.lorem(), fc.lorem(), ([mark, body], before, after) => {
      const text = `${before} ${mark}${body}, ${after}`;
      const clean = redactText(text);
      expect(clean).toContain("[redacted]");
      expect(clean).not.toContain(body);
      expect(redactText(clean)).toBe(clean);
    }),
  );
});

test("a text without signs of a secret is not changed", () => {
  for (const text of [
    "",
    "the token budget is 12000",
    "web:42",
    "sk",
    "gpt-x",
    "https://host/path",
  ]) {
    expect(mayHoldSecret(text)).toBe(false);
    expect(redactText(text)).toBe(text);
  }
});
