const ERRORS_IN_A_ROW = 3;

/** Failed turns of each agent since its last good one. */
const failed = new Map();

export default async ({ hookPoint, agentId, errorType, log }) => {
  const count = hookPoint === "onTurnError" ? (failed.get(agentId) ?? 0) + 1 : 0;
  failed.set(agentId, count);
  if (count !== ERRORS_IN_A_ROW) return;
  const text = `:rotating_light: ${agentId}: ${count} turns failed in a row, last with ${errorType}`;
  const response = await fetch(process.env.SLACK_WEBHOOK, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  if (!response.ok) log.warn(`Slack answered with status ${response.status}`);
};
