package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// frozenVisits are the pages that a freeze shows on.
var frozenVisits = []visit{
	{"overview in a freeze", "developer", "/"},
	{"platform in a freeze", "release-manager", "/platform"},
	{"what may be overridden", "release-manager", "/mini-programs/frozen-shop"},
	{"publish as an override", "release-manager", "/mini-programs/frozen-shop/actions/publish"},
	{"held by a freeze", "developer", "/mini-programs/frozen-cafe"},
	{"rollout held by a freeze", "developer", "/mini-programs/frozen-cafe/rollout"},
}

func TestAFreezeSaysWhyAndWhoeverMayOverrideItGoesOnFromThePage(t *testing.T) {
	file, write := settingsFile(t)
	write(lifecycle.DefaultSettings())
	p := install(t, "SETTINGS_FILE="+file).start()
	p.approved(p.request("frozen-shop"), "1.0.0")
	p.approved(p.request("frozen-cafe"), "1.0.0")
	p.do("frozen-cafe", lifecycle.Publish, developer, plan(time.Hour))
	write(frozenBy("the fair of the year"))
	url := p.web()
	p.eventually("the freeze is in force", func() bool {
		_, page := asks(t, http.MethodGet, url+"/api/v1/platform", "dev-operator", "")
		return strings.Contains(page, "the fair of the year") && strings.Contains(p.output.String(), "changed settings are in force")
	})
	p.do("frozen-cafe", lifecycle.ChangePlan, developer, plan(0)) // the time of its stage is over
	p.eventually("it waits for the window", func() bool { return p.status("frozen-cafe").Closure != nil })

	b := browse(t, url)
	people := map[string]tab{"developer": b.as("developer"), "release-manager": b.as("release-manager")}
	visitAll(people, frozenVisits)
	dora, mia := people["developer"], people["release-manager"]
	dora.reads("en")
	mia.reads("en")
	dora.open("/mini-programs/frozen-shop/actions/publish")
	dora.press("#action form")
	dora.sees("releases are closed: the fair of the year")
	dora.waits("the next window is in the zone of the reader", `document.querySelector("[role=alert] time")?.textContent &&
		!document.querySelector("[role=alert]").textContent.includes("UTC")`)

	mia.open("/mini-programs/frozen-shop/actions/publish")
	mia.sees("Releases are closed now.")
	mia.fill("[name=comment]", "the shop sells tickets for the fair")
	mia.press("#action form")
	mia.sees("Done: Publish.")
	mia.seesState(lifecycle.GrayscaleRelease)
	last := p.status("frozen-shop").Transitions
	assert.Contains(t, last[len(last)-1].Details, "overrides: the fair of the year")
	assert.Equal(t, lifecycle.ReleaseManager, last[len(last)-1].Role)
}
