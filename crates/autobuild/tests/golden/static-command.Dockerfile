# Written by Longshore for static files made with Node 20 with npm.
FROM node:20 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN ["/bin/sh", "-c", "npm run build -- --mode \"x\""]

FROM scratch
COPY [".longshore-static-server", "/longshore-static-server"]
COPY --from=build ["/app/my dist/", "/site/"]
USER 65532:65532
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/longshore-static-server", "/site", "--spa"]
