# A loadplan image for CI servers: a static binary, a shell, certificates.
#   docker build -t loadplan .
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" loadplan run plan.yaml

FROM rust:1.91-alpine AS build
# A C compiler for the dependencies written in C: TLS, the allocator, zstd.
RUN apk add --no-cache build-base
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY plans plans
COPY src src
# On Alpine, the default target of Rust is musl, linked statically. The `dist` profile is the fastest.
RUN cargo install --path . --locked --profile dist --root /built

FROM alpine:3.22
RUN apk add --no-cache ca-certificates tzdata \
 && adduser -D -u 1000 loadplan \
 && mkdir /work \
 && chown loadplan /work
# The third parties' licences are there in a release only (packaging/build/notices.py).
COPY LICENSE-* THIRD-PARTY-LICENSES* /usr/share/licenses/loadplan/
COPY --from=build /built/bin/loadplan /usr/local/bin/loadplan
COPY docker-entrypoint /usr/local/bin/docker-entrypoint
USER loadplan
WORKDIR /work
ENTRYPOINT ["docker-entrypoint"]
CMD ["--help"]
