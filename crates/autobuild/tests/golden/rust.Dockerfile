# Written by Longshore for Rust 1.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target cargo build --release --locked --bin shop && cp target/release/shop /app

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 app
COPY --from=build /app /app
USER app
ENV PORT=8080
EXPOSE 8080
ENTRYPOINT ["/app"]
