# syntax=docker/dockerfile:1
# One image with both programs that serve; the command says which. Build arguments pin the bases by digest where that is wanted.
ARG GO_VERSION=1.26.8
ARG GO_DIGEST=
ARG BASE_DIGEST=
# What web, worker and starter say to --version, and in traces.
ARG VERSION=

FROM golang:${GO_VERSION}-trixie${GO_DIGEST:+@${GO_DIGEST}} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -X slipway/program.named=${VERSION}" -o /out/ ./web ./worker ./starter \
    && mkdir /out/var

FROM gcr.io/distroless/static-debian13:nonroot${BASE_DIGEST:+@${BASE_DIGEST}}
COPY --from=build /out/web /out/worker /out/starter /usr/local/bin/
COPY --from=build --chown=nonroot:nonroot /out/var /var/lib/slipway
USER nonroot
ENV VAR_DIR=/var/lib/slipway
EXPOSE 8080
CMD ["web"]
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["web", "healthcheck"]
