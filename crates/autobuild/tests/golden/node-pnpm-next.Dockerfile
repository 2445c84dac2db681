# Written by Longshore for Node 22 with pnpm.
FROM node:22 AS build
WORKDIR /app
RUN npm install --global pnpm@9
COPY . .
RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --frozen-lockfile
RUN pnpm run build
RUN CI=true pnpm prune --prod

FROM node:22-slim
ENV NODE_ENV=production HOST=0.0.0.0 HOSTNAME=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build --chown=node:node /app ./
USER node
EXPOSE 3000
CMD ["npm", "run", "start"]
