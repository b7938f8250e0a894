const FORBIDDEN = [/\bproject bluebird\b/i, /\b\d{3}-\d{2}-\d{4}\b/];

export default async ({ message = "" }) => {
  if (FORBIDDEN.some((pattern) => pattern.test(message))) {
    return { abort: true, reason: "this must not go to a model" };
  }
};
