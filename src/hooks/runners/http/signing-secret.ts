/** What Standard Webhooks asks of a secret. */
const SECRET_BYTES = { least: 24, most: 64 } as const;

/** Why a text is no secret to sign with; undefined where it is one. */
export function findSecretProblem(secret: string): string | undefined {
  const encoded = secret.replace(/^whsec_/, "");
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) && encoded.length % 4 === 0;
  const bytes = Buffer.from(encoded, "base64").length;
  const { least, most } = SECRET_BYTES;
  return isBase64 && bytes >= least && bytes <= most
    ? undefined
    : `expected whsec_ and ${least} to ${most} bytes in base64`;
}
