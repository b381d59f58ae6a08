#!/bin/sh
# Lighthouse on the overview, a mini-program, the review of a version and a file of it, as a reviewer sees them, of the make run that is running. FORM=mobile
# is a middling phone; then the machine must have nothing else to do. Prints a table, and ends with 1 when a figure is below 95. Reports go to var/lighthouse.
set -eu

LIGHTHOUSE=lighthouse@12.8.2
WEB=http://${WEB_ADDR:-127.0.0.1:8080}
REPORTS=${VAR_DIR:-var}/lighthouse
ID=lighthouse

for tool in node npx curl; do
    command -v $tool >/dev/null || { echo "there is no $tool on this machine: Lighthouse needs node with npm, Chromium and curl"; exit 0; }
done
CHROME_PATH=${CHROME_PATH:-$(command -v chromium || command -v google-chrome || true)}
[ -n "$CHROME_PATH" ] || { echo "there is no Chromium on this machine; CHROME_PATH says where one is"; exit 0; }
export CHROME_PATH
curl -sf "$WEB/readyz" >/dev/null || { echo "nothing answers at $WEB: start make run, or set WEB_ADDR"; exit 1; }

starter() { bin/starter --server "$WEB" "$@" >/dev/null; }
if ! starter status $ID 2>/dev/null; then
    starter request $ID --title Lighthouse
    starter approve-creation $ID
    starter upload $ID testdata/packages/coffee.zip --version 1.0.0
    starter request-publishing $ID
fi
session=$(curl -si "$WEB/sign-in" -H "Origin: $WEB" -d account=reviewer | sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p' | tr -d '\r')

mkdir -p "$REPORTS"
unsandboxed=$([ "$(id -u)" != 0 ] || echo --no-sandbox) # Chromium's sandbox is not for root
form=$([ "${FORM:-desktop}" = mobile ] || echo --preset=desktop)
low=0
printf '%-52s %12s %14s %15s\n' page performance accessibility best-practices
for page in / /mini-programs/$ID /mini-programs/$ID/versions/1.0.0 /mini-programs/$ID/versions/1.0.0/files/app.js; do
    report="$REPORTS/$(echo "$page" | tr / _).json"
    npx --yes $LIGHTHOUSE "$WEB$page" --quiet $form --output=json --output-path="$report" \
        --only-categories=performance,accessibility,best-practices \
        --extra-headers="{\"Cookie\": \"$session\"}" --chrome-flags="--headless=new $unsandboxed"
    node -e '
        const { categories } = JSON.parse(require("fs").readFileSync(process.argv[1]));
        const scores = ["performance", "accessibility", "best-practices"].map((name) => Math.round(100 * categories[name].score));
        console.log(process.argv[2].padEnd(52), String(scores[0]).padStart(12), String(scores[1]).padStart(14), String(scores[2]).padStart(15));
        process.exit(scores.some((score) => score < 95) ? 1 : 0);
    ' "$report" "$page" || low=1
done
exit $low
