/** Configs as people wrote them down elsewhere, to be pasted as they are. */
export const agentHooks = {
  agents: {
    defaults: {
      hooks: {
        onMessageReceived: {
          send: { buttons: [[{ text: "🛑 Stop", callback_data: "stop:{{sessionId}}" }]] },
        },
        onSubagentSpawned: {
          send: {
            message: "⚙️ {{agentName}} started: {{label}}",
            buttons: [[{ text: "🛑 Stop", callback_data: "stop:{{runId}}" }]],
          },
        },
        onSubagentFinished: { send: { message: "✅ {{agentName}} finished." } },
      },
    },
    list: [
      {
        id: "main",
        hooks: { onSubagentSpawned: { send: { message: "main's {{agentName}}: {{label}}" } } },
      },
    ],
  },
};

export const turnHooks = {
  hooks: {
    beforeTurn: [
      {
        script: "./hooks/rate-limit.js",
        priority: 5,
        timeoutMs: 2000,
        filter: { agentId: ["main"], workflow: ["agent", "cron"] },
      },
      { script: "./hooks/cron-only.js", filter: { workflow: ["cron"] } },
      { script: "./hooks/one-job.js", filter: { jobName: ["nightly"] } },
    ],
    afterTurn: [{ script: "./hooks/post-metrics.js" }],
    onTurnError: [{ script: "./hooks/alert.js", priority: 1 }],
  },
};

const command = (text: string) => ({ type: "command", command: text }) as const;

export const commandHooks = {
  hooks: {
    SessionEnd: [
      { matcher: "clear", hooks: [command("rm -f ./cache/*.txt")] },
      {
        matcher: "other",
        hooks: [command('echo "Session ended: $(date)" >> ./logs/sessions.log')],
      },
      { matcher: "*", hooks: [{ ...command("node ./hooks/session-end.js"), timeout: 5 }] },
    ],
  },
};
