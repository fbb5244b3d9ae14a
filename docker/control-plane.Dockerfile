# The control plane. Build from the top of the checkout: docker build -f docker/control-plane.Dockerfile .
FROM node:26-bookworm-slim AS build
ENV CI=true CHECKPOINT_DISABLE=1
WORKDIR /torii
RUN npm install --global pnpm@10.34.9
COPY . .
RUN pnpm install --frozen-lockfile
# Generating never runs the schema engine; naming any file keeps the tool from downloading it.
RUN PRISMA_SCHEMA_ENGINE_BINARY=/bin/true node apps/control-plane/node_modules/prisma/build/index.js generate
RUN node node_modules/typescript/bin/tsc -b apps/control-plane
# What the app needs at run time and nothing else, beside what was built; the optional part is the Node of npm start.
RUN find . -name node_modules -prune -exec rm -rf {} + \
 && pnpm install --prod --no-optional --frozen-lockfile --offline --filter "@torii/control-plane..."

FROM node:26-bookworm-slim
ENV NODE_ENV=production TORII_HOME=/var/lib/torii TORII_ADMIN_HOST=0.0.0.0
WORKDIR /torii
RUN mkdir -p /var/lib/torii && chown node:node /var/lib/torii && chmod 700 /var/lib/torii
COPY --from=build /torii/node_modules node_modules
COPY --from=build /torii/packages packages
COPY --from=build /torii/apps/control-plane apps/control-plane
COPY --from=build /torii/prisma prisma
USER node
VOLUME /var/lib/torii
EXPOSE 9000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TORII_ADMIN_PORT ?? 9000}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/control-plane/dist/main.js"]
