# Conclave in a container: no root, one volume for the store, configured by the environment alone.
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges -v conclave:/var/lib/conclave \
#       -e CONCLAVE_DOMAIN=rooms.example.org -e CONCLAVE_SERVER=xmpp:5347 -e CONCLAVE_SECRET_FILE=/run/secrets/conclave \
#       -v /etc/conclave/secret:/run/secrets/conclave:ro conclave
FROM rust:1-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --locked --release --bin conclave

FROM debian:bookworm-slim
# A number of its own, so that rights on a mounted volume can be given without knowing names.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/conclave
COPY --from=build /build/target/release/conclave /usr/local/bin/conclave
# The C library would keep freed memory apart for each of some threads (with many processors, 4 or 8 may be faster), and ever
# larger pieces of it.
ENV CONCLAVE_STORE=/var/lib/conclave MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
USER 10001:10001
WORKDIR /var/lib/conclave
VOLUME /var/lib/conclave
# Conclave tells the occupants of its rooms and writes the last changes before it ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["conclave"]
CMD ["run"]
