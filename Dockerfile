# The server for a team: turnspan up, listening for all, with tokens.
#
#   docker build -t turnspan .
#   docker run -p 4318:4318 -p 4319:4319 -v turnspan:/data \
#     -e TURNSPAN_INGEST_TOKEN=... -e TURNSPAN_READ_TOKEN=... turnspan

FROM node:24-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --include=dev && npm run build && npm pack --ignore-scripts

FROM node:24-slim AS install
WORKDIR /opt/turnspan
COPY --from=build /src/turnspan-*.tgz ./turnspan.tgz
RUN npm install --omit=dev --no-audit --no-fund ./turnspan.tgz && rm turnspan.tgz

FROM node:24-slim
COPY --from=install /opt/turnspan/node_modules /opt/turnspan/node_modules
RUN install -d -o node -g node -m 0700 /data
ENV NODE_ENV=production TURNSPAN_DATA=/data
# The user node of that image, by its number: so that a host can tell it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 4318 4319
# It says 503 while its disk is full.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4319/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# What was taken is written before the end.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/turnspan/node_modules/turnspan/bin/turnspan.js", "up", "--listen", "0.0.0.0"]
