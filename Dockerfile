# clipd as a container: the same build as `make build`, then only the binary, the ONNX Runtime library and what they
# link to. The images are pinned by name to a Debian release; both stages must be of the same one, for the C library.
#
#   docker build --tag clipd .
#   docker run --publish 127.0.0.1:7744:7744 --volume clipd:/data --env CLIPD_API_KEY=... clipd

FROM golang:1.26-trixie AS build

# Hadolint wants pinned Debian packages; Debian keeps only the newest of a release, so a pin breaks with the next fix.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cargo python3-pip \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src

# The libraries change seldom: a layer of their own, which an edit of the Go code does not build again.
COPY go.mod go.sum Makefile ./
COPY scripts scripts
RUN make deps

COPY . .
# BuildKit keeps Go's caches between builds. There is no git history in the image to read a version from.
ARG VERSION=
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod \
    CLIPD_VERSION="$VERSION" make install PREFIX=/opt/clipd

FROM debian:trixie-slim

# libstdc++ is for ONNX Runtime and the tokenizers, the certificates for `clipd models pull`.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin clipd \
    && install --directory --owner=clipd --group=clipd --mode=0750 /data

COPY --from=build /opt/clipd /opt/clipd
COPY models/starter/LICENSE models/starter/NOTICE demo/SOURCES.md /usr/share/doc/clipd/
ENV PATH=/opt/clipd/bin:$PATH \
    CLIPD_DATA=/data \
    CLIPD_ADDR=0.0.0.0:7744 \
    CLIPD_LOG_FORMAT=json

# By number, so that an orchestrator can see that it is not root.
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 7744

# Whether it serves; whether its model is loaded is for /readyz. The image has no curl: bash speaks enough HTTP.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/7744 && printf 'GET /healthz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]

ENTRYPOINT ["clipd"]
CMD ["serve"]
