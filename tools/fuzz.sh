#!/bin/sh
# Fuzzes every reader of outside input in turn, each for FUZZTIME; ONLY names a part of those wanted. What fails is kept in testdata/fuzz beside
# the test, where every go test finds it from then on.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=
for file in $(grep -rl --include='*_test.go' '^func Fuzz' . | sort); do
	folder=$(dirname "$file")
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file"); do
		case $folder/$name in *"${ONLY:-}"*) ;; *) continue ;; esac
		echo "$folder $name, ${FUZZTIME:-1m}"
		# Minimizing is bounded: coverage varies with goroutines, and most of the time would go into it.
		go test "$folder" -run='^$' -fuzz="^$name\$" -fuzztime="${FUZZTIME:-1m}" -fuzzminimizetime=10x || failed="$failed $folder/$name"
	done
done
test -z "$failed" || { echo "failed:$failed"; exit 1; }
