//go:build production

package production

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// People of three roles, signed in by their provider, bring a mini-program from request to everyone.
func TestAMiniProgramIsPublishedByPeopleWhomTheProviderSignsIn(t *testing.T) {
	i := install(t, "browser")
	i.everything(here.built)
	open := i.browser()
	dana, rita, mara := open("dana"), open("rita"), open("mara")
	dana.signIn("/request-creation")
	dana.fill("[name=id]", "coffee")
	dana.fill("[name=title]", "Coffee")
	dana.click(`//form[contains(@class, "action-form")]//button`)
	dana.seesState(lifecycle.CreationPending)
	rita.signIn("/mini-programs/coffee")
	rita.press(lifecycle.ApproveCreation)
	dana.seesState(lifecycle.CodeUnavailable)

	dana.open("/mini-programs/coffee/actions/upload-code")
	dana.fill("[name=version]", "1.0.0")
	dana.choose("1.0.0")
	dana.click(`//form[contains(@class, "action-form")]//button`)
	dana.seesState(lifecycle.CodeAvailable)
	dana.press(lifecycle.RequestPublishing)
	dana.seesState(lifecycle.PublishingPending)
	rita.open("/mini-programs/coffee/versions/1.0.0")
	rita.sees("scope.userLocation")
	rita.press(lifecycle.ApprovePublishing)
	dana.seesState(lifecycle.ReadyToPublish)

	dana.open("/mini-programs/coffee/actions/publish")
	dana.click(`//input[@name="plan"][@value="own"]`)
	dana.fill("[name=plan_percent]", "5")
	dana.fill("[name=plan_bake]", "1h")
	dana.fill("[name=plan_stages]", "25% 1h\n100%")
	dana.waits("sees the preview", `document.querySelectorAll("#preview > table tbody tr, #preview > :not(details) > table tbody tr").length === 3`)
	dana.click(`//form//button[text()="Publish"]`)
	dana.seesState(lifecycle.GrayscaleRelease)
	mara.signIn("/mini-programs/coffee")
	mara.press(lifecycle.Promote)
	mara.seesState(lifecycle.ProductionRelease)
	mara.press(lifecycle.Advance)
	dana.seesState(lifecycle.Published) // without touching the page
	dana.sees("everyone has it")

	require.NoError(t, i.everybodyGets("coffee", "1.0.0"))
	i.fetches("coffee", packed("1.0.0"))
	i.actedAs("coffee", map[lifecycle.Action]string{
		lifecycle.RequestCreation: "dana", lifecycle.ApproveCreation: "rita", lifecycle.ApprovePublishing: "rita", lifecycle.Promote: "mara",
	})
	rita.click(`//button[contains(text(), "ign out")]`)
	rita.waits("is led back by the provider", `location.pathname === "/sign-in"`)
	rita.open("/mini-programs/coffee")
	rita.waits("has to sign in", `location.pathname === "/sign-in"`)
}

// fetches downloads what users are given, through the proxy.
func (i *installation) fetches(id string, expected []byte) {
	i.t.Helper()
	sum := sha256.Sum256(expected)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.proxy.URL+"/packages/"+hex.EncodeToString(sum[:]), nil)
	require.NoError(i.t, err)
	request.Header.Set("Authorization", "Bearer "+hostAppToken)
	response, err := api.Do(request)
	require.NoError(i.t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(i.t, err)
	assert.Equal(i.t, http.StatusOK, response.StatusCode)
	assert.Equal(i.t, expected, content, "the package of %s", id)
}

// actedAs requires the audit trail to name those whom the provider signed in.
func (i *installation) actedAs(id string, expected map[lifecycle.Action]string) {
	i.t.Helper()
	_, records := i.trail(id)
	actors := map[lifecycle.Action]string{}
	for _, record := range records {
		if _, asked := expected[record.Action]; asked {
			actors[record.Action] = record.Actor
		}
	}
	assert.Equal(i.t, expected, actors)
}

// The same by programs that have a JWT of the provider.
func TestAMiniProgramIsPublishedByProgramsOverTheAPI(t *testing.T) {
	i := install(t, "programs")
	i.everything(here.built)
	require.NoError(t, i.live("weather", "1.0.0"))
	require.NoError(t, i.approved("weather", "1.1.0"))
	require.NoError(t, i.as("dana").act("weather", lifecycle.Publish, plan(time.Second, false)))
	require.NoError(t, i.as("dana").becomes("weather", lifecycle.Published, "1.1.0"))
	require.NoError(t, i.everybodyGets("weather", "1.1.0"))
	i.arrived("weather")
	i.nothingLost([]string{"weather"})
	refused := i.as("rita").act("weather", lifecycle.Suspend, map[string]any{"comment": "not mine to do"})
	assert.ErrorContains(t, refused, "403", "a reviewer is no operator")
}
