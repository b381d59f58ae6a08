#!/bin/sh
# Looks for known vulnerabilities. What it finds is a failure; a vulnerability database that is out of reach is not.
output=$(bin/govulncheck ./... 2>&1)
status=$?
printf '%s\n' "$output"
case $output in
*"fetching vulnerabilities: "*)
	echo "govulncheck: the vulnerability database is out of reach, so nothing was checked here"
	exit 0
	;;
esac
exit $status
