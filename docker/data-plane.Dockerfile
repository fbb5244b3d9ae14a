# A node. Build from the top of the checkout: docker build -f docker/data-plane.Dockerfile .
FROM node:26-bookworm-slim AS build
ENV CI=true
WORKDIR /torii
RUN npm install --global pnpm@10.34.9
COPY . .
RUN pnpm install --frozen-lockfile
RUN node node_modules/typescript/bin/tsc -b apps/data-plane
# What the app needs at run time and nothing else, beside what was built; the optional part is the Node of npm start.
RUN find . -name node_modules -prune -exec rm -rf {} + \
 && pnpm install --prod --no-optional --frozen-lockfile --offline --filter "@torii/data-plane..."

FROM node:26-bookworm-slim
ENV NODE_ENV=production TORII_HOME=/var/lib/torii TORII_INTERNAL_HOST=0.0.0.0
WORKDIR /torii
RUN mkdir -p /var/lib/torii && chown node:node /var/lib/torii && chmod 700 /var/lib/torii
COPY --from=build /torii/node_modules node_modules
COPY --from=build /torii/packages packages
COPY --from=build /torii/apps/data-plane apps/data-plane
USER node
VOLUME /var/lib/torii
EXPOSE 8080 9090
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TORII_INTERNAL_PORT ?? 9090}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--disable-warning=ExperimentalWarning", "apps/data-plane/dist/main.js"]
