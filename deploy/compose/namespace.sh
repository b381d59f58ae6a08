#!/bin/sh
# Makes the namespace, when it is not there yet.
set -eu
until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done
temporal operator namespace describe "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
	temporal operator namespace create --retention "${RETENTION:-30d}" "$TEMPORAL_NAMESPACE"
