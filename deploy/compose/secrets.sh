#!/bin/sh
# Makes the secrets that docker-compose.yml reads, each once: what is there stays, unless it is empty. OIDC_CLIENT_SECRET is yours to give, and
# SMTP_PASSWORD where the mail server asks for one.
set -eu
umask 077
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
cd "$folder"

keep() { # NAME: writes standard input, unless there is something in the file; an empty one cannot be written to
	if [ -s "$1" ]; then cat >/dev/null; else rm -f "$1" && cat >"$1"; fi
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

random | keep postgres_password
random | keep slipway_password
printf 'postgres://slipway:%s@postgres:5432/slipway?sslmode=disable' "$(cat slipway_password)" | keep slipway_database_url
random | keep store_key
random | keep grafana_password
printf '{"identities": [{"name": "slipway", "credentials": [{"accessKey": "slipway", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List"]}]}' \
	"$(cat store_key)" | keep store_config
printf '[default]\naws_access_key_id = slipway\naws_secret_access_key = %s\n' "$(cat store_key)" | keep store_credentials
key() { printf 'k1:'; head -c 32 /dev/urandom | base64 | tr -d '\n'; echo; }
key | keep signal_key
key | keep payload_key
key | keep preview_key
printf '%s' "${OIDC_CLIENT_SECRET:-}" | keep oidc_client_secret
printf '%s' "${SMTP_PASSWORD:-}" | keep smtp_password

# Containers that do not run as this user read them by their group and others: the folder keeps everybody else out.
chmod 444 ./*
