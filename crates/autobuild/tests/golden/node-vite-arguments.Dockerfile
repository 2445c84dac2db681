# Written by Longshore for a site built with Node 22 with npm.
FROM node:22 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
ARG VITE_A
ARG VITE_B
RUN npm run build

FROM scratch
COPY [".longshore-static-server", "/longshore-static-server"]
COPY --from=build ["/app/dist/", "/site/"]
USER 65532:65532
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/longshore-static-server", "/site", "--spa"]
