/**
 * Secrets that have a shape of their own. The list is short on purpose: each row is a token format that
 * its issuer documents, or the one assignment form in which people paste passwords.
 */
const SECRET_SHAPES: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{16,}/g,
  /\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}\b/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bnpm_[A-Za-z0-9]{30,}\b/g,
  /\b\d{6,12}:[A-Za-z0-9_-]{30,}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{12,}/gi;
const ASSIGNED =
  /\b([A-Za-z0-9_-]{0,40}(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|authorization))(["']?\s*[:=]\s*["']?)([^\s"',;&]{6,2000})/gi;
const IN_URL = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/:@]{1,256}:[^\s/@]{1,256}@/gi;

/**
 * What every secret above has in it: one look instead of fourteen, since nearly all texts have none. It
 * may find more than there is, never less.
 */
const SIGNS =
  /sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|A[KS]IA[A-Z0-9]|AIza|npm_|\d{6}:[A-Za-z0-9_-]{30}|eyJ[A-Za-z0-9_-]{8}|-----BEGIN |(?:Bearer|Basic)\s|(?:password|passwd|secret|token|key|authorization)["']?\s*[:=]|:\/\/[^\s/:@]{1,256}:[^\s/@]/i;

const REDACTED = "[redacted]";

/** No secret is shorter, but for a password of a few characters in an address. */
const MIN_SECRET = 12;

/** Whether a text may hold a secret. False: `redactText` would give it back as it is. */
export const mayHoldSecret = (text: string): boolean =>
  (text.length >= MIN_SECRET || text.includes("://")) && SIGNS.test(text);

/** Text with secrets taken out. Idempotent; text without any comes back as it is. */
export function redactText(text: string): string {
  if (!mayHoldSecret(text)) return text;
  let clean = text;
  for (const shape of SECRET_SHAPES) clean = clean.replace(shape, REDACTED);
  return clean
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(IN_URL, `$1${REDACTED}@`)
    .replace(ASSIGNED, (whole, name: string, sign: string, value: string) =>
      value.startsWith(REDACTED) || value === "Bearer" || value === "Basic"
        ? whole
        : `${name}${sign}${REDACTED}`,
    );
}
