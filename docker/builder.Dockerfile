# A builder with Go and Rust. Build from the top of the checkout: docker build -f docker/builder.Dockerfile .
FROM node:26-bookworm-slim AS build
ENV CI=true
WORKDIR /torii
RUN npm install --global pnpm@10.34.9
COPY . .
RUN pnpm install --frozen-lockfile
RUN node node_modules/typescript/bin/tsc -b apps/builder
# What the app needs at run time and nothing else, beside what was built; the optional part is the Node of npm start.
RUN find . -name node_modules -prune -exec rm -rf {} + \
 && pnpm install --prod --no-optional --frozen-lockfile --offline --filter "@torii/builder..."

FROM golang:1.26-bookworm AS go

FROM rust:1-slim-bookworm AS rust
RUN rustup target add wasm32-wasip1 wasm32-unknown-unknown

FROM node:26-bookworm-slim
# bubblewrap and util-linux are the sandbox of native compilers; npm, for functions with dependencies, comes with Node.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bubblewrap util-linux ca-certificates gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
COPY --from=go /usr/local/go /usr/local/go
COPY --from=rust /usr/local/rustup /usr/local/rustup
COPY --from=rust /usr/local/cargo /usr/local/cargo
ENV NODE_ENV=production TORII_HOME=/var/lib/torii TORII_BUILDER_HOST=0.0.0.0 \
    RUSTUP_HOME=/usr/local/rustup PATH=/usr/local/go/bin:/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /torii
RUN mkdir -p /var/lib/torii && chown node:node /var/lib/torii && chmod 700 /var/lib/torii
COPY --from=build /torii/node_modules node_modules
COPY --from=build /torii/packages packages
COPY --from=build /torii/pdks pdks
COPY --from=build /torii/apps/builder apps/builder
USER node
VOLUME /var/lib/torii
EXPOSE 9190
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TORII_BUILDER_PORT ?? 9190}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--disable-warning=ExperimentalWarning", "apps/builder/dist/main.js"]
