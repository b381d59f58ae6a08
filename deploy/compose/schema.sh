#!/bin/sh
# Makes Temporal's databases and brings their tables to the version of these tools.
set -eu
SQL_PASSWORD="$(cat "$SQL_PASSWORD_FILE")"
export SQL_PASSWORD SQL_PLUGIN=postgres12
schema="${SCHEMA:-/etc/temporal/schema/postgresql/v12}"
for database in temporal visibility; do
	name=temporal
	[ "$database" = visibility ] && name=temporal_visibility
	temporal-sql-tool --db "$name" create
	temporal-sql-tool --db "$name" setup-schema -v 0.0 2>/dev/null || true # it is there; the next line says what else is wrong
	temporal-sql-tool --db "$name" update-schema -d "$schema/$database/versioned"
done
