# Written by Longshore for Bun 1.
FROM oven/bun:1 AS build
WORKDIR /app
COPY package.json bun.lock ./
RUN --mount=type=cache,target=/root/.bun/install/cache bun install --frozen-lockfile
COPY . .
RUN bun run build

FROM oven/bun:1-slim
ENV NODE_ENV=production HOST=0.0.0.0 HOSTNAME=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build --chown=bun:bun /app ./
USER bun
EXPOSE 3000
CMD ["bun", "dist/main.js"]
