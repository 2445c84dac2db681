# The server and the agent as images:
#
#   docker build --target server -t longshore/server .
#   docker build --target agent -t longshore/agent .
#
# Every base image is an argument, so that images of one's own can take their place. With
# PROGRAMS=ready nothing is compiled: the programs come from the context's target/programs.

ARG NODE_IMAGE=node:22-bookworm-slim
ARG BUILD_IMAGE=rust:1.95-bookworm
ARG BASE_IMAGE=debian:bookworm-slim
ARG PROGRAMS=built

FROM ${NODE_IMAGE} AS assets
WORKDIR /src/web/assets
COPY web/assets/package.json web/assets/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/assets ./
RUN npm run build

FROM ${BUILD_IMAGE} AS built
WORKDIR /src
COPY . .
COPY --from=assets /src/web/assets/dist web/assets/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release -p longshore-server -p longshore-agent \
    && mkdir /programs \
    && cp target/release/longshore target/release/longshore-agent /programs/

FROM ${BASE_IMAGE} AS ready
COPY target/programs /programs

FROM ${PROGRAMS} AS programs

FROM ${BASE_IMAGE} AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 990 longshore \
    && useradd --system --uid 990 --gid longshore --no-create-home \
        --home-dir /var/lib/longshore/server --shell /usr/sbin/nologin longshore \
    && install -d -m 0755 /var/lib/longshore /run/longshore \
    && install -d -m 0700 -o longshore -g longshore /var/lib/longshore/server

FROM base AS server
COPY --from=programs /programs/longshore /usr/local/bin/
USER longshore
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["longshore", "status"]
ENTRYPOINT ["longshore"]
CMD ["serve"]

FROM base AS agent
# iptables brings the ebtables that speaks nf_tables; the other one is gone from newer kernels.
RUN apt-get update \
    && apt-get install -y --no-install-recommends iptables \
    && rm -rf /var/lib/apt/lists/*
COPY --from=programs /programs/longshore-agent /usr/local/bin/
ENV LONGSHORE_AGENT_SOCKET_GROUP=longshore
ENTRYPOINT ["longshore-agent"]
