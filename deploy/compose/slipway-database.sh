#!/bin/sh
# Runs once, when PostgreSQL's data folder is made: a database for the catalogue, whose user has nothing to do with Temporal's.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres -v password="$(cat "${SLIPWAY_PASSWORD_FILE:-/run/secrets/slipway_password}")" <<'SQL'
CREATE ROLE slipway LOGIN PASSWORD :'password';
CREATE DATABASE slipway OWNER slipway;
REVOKE CONNECT ON DATABASE slipway FROM PUBLIC;
SQL
