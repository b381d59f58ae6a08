package activities_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
)

// reviewing is deciding with a store and reports, in a deployment whose security step depends on conditions.
type reviewing struct {
	*deciding
	catalog *catalog.Catalog
}

func newReviewing(t *testing.T) reviewing {
	d := newDeciding(t)
	store, err := packages.OpenStore(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	cat, _ := d.acts.Catalog.(*catalog.Catalog)
	d.acts.Reports, d.acts.Packages = cat, store
	d.acts.Settings.Review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{{Name: "content", Role: lifecycle.Reviewer}}}
	for _, condition := range lifecycle.Conditions {
		d.acts.Settings.Review.Publishing = append(d.acts.Settings.Review.Publishing, lifecycle.StepPolicy{
			Name: string(condition), Role: "reviewer:security", When: []lifecycle.Condition{condition},
		})
	}
	d.do(lifecycle.ApproveCreation, rob)
	return reviewing{d, cat}
}

// uploads stores a package, with the report about it.
func (r reviewing) uploads(version string, files fstest.MapFS) lifecycle.Package {
	r.t.Helper()
	var packed bytes.Buffer
	require.NoError(r.t, packages.Zip(&packed, files))
	sha256, _, err := r.acts.Packages.Put(r.t.Context(), bytes.NewReader(packed.Bytes()))
	require.NoError(r.t, err)
	report, err := packages.Inspect(r.t.Context(), bytes.NewReader(packed.Bytes()), int64(packed.Len()), packages.Options{Version: version})
	require.NoError(r.t, err)
	text, err := json.Marshal(report)
	require.NoError(r.t, err)
	require.NoError(r.t, r.catalog.KeepReport(r.t.Context(), sha256, version, text))
	uploaded := lifecycle.Package{Version: version, SHA256: sha256}
	r.do(lifecycle.UploadCode, ann, func(c *lifecycle.Command) { c.Package, c.RequestID = &uploaded, version }) // anew each time
	return uploaded
}

func (r reviewing) asks(action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) {
	r.t.Helper()
	unique := func(c *lifecycle.Command) { c.RequestID = fmt.Sprint(action, r.step) }
	r.do(action, by, append(fill, unique)...)
}

// publishes leads the candidate to everyone.
func (r reviewing) publishes() {
	r.asks(lifecycle.RequestPublishing, ann)
	for i := 0; r.m.State == lifecycle.PublishingPending; i++ {
		r.asks(lifecycle.ApprovePublishing, lifecycle.Actor{User: fmt.Sprint("reviewer ", i), Roles: []lifecycle.Role{lifecycle.Reviewer, "reviewer:security"}})
	}
	r.asks(lifecycle.Publish, ann)
	r.asks(lifecycle.Promote, ann)
	for r.m.State != lifecycle.Published {
		r.asks(lifecycle.Advance, lifecycle.Actor{User: "mia", Roles: []lifecycle.Role{lifecycle.ReleaseManager}})
	}
}

func script(text string) fstest.MapFS {
	return fstest.MapFS{"app.json": {Data: []byte(`{"pages": ["home"]}`)}, "home.js": {Data: []byte(text)}, "home.html": {Data: []byte("<p>")}}
}

func asking(permission string, files fstest.MapFS) fstest.MapFS {
	files["app.json"] = &fstest.MapFile{Data: []byte(`{"pages": ["home"], "permission": {"` + permission + `": {"desc": "because"}}}`)}
	return files
}

func TestWhatAPackageAsksForDecidesWhichStepsItNeeds(t *testing.T) {
	r := newReviewing(t)
	steps := func() (names []string) {
		r.asks(lifecycle.RequestPublishing, ann)
		names = r.m.Review.StepsLeft()
		r.asks(lifecycle.CancelPublishing, ann)
		return names[1:]
	}
	r.uploads("1.0.0", script(`fetch("https://one.example")`))
	assert.Equal(t, []string{"domains", "first-release"}, steps(), "without a live version any domain is another")
	r.publishes()
	live := *r.m.Live

	r.uploads("1.1.0", script(`fetch("https://one.example/again")`))
	assert.Empty(t, steps())
	r.uploads("1.2.0", script(`fetch("https://one.example"); fetch("https://two.example")`))
	assert.Equal(t, []string{"domains"}, steps())
	r.uploads("1.3.0", asking("scope.userLocation", script("")))
	assert.Equal(t, []string{"permissions"}, steps())
	native := script("")
	native["lib.so"] = &fstest.MapFile{Data: []byte("\x7fELF")}
	r.uploads("1.4.0", native)
	assert.Equal(t, []string{"native-code"}, steps())

	r.do(lifecycle.UploadCode, ann, func(c *lifecycle.Command) {
		c.Package, c.RequestID = &lifecycle.Package{Version: "1.5.0", SHA256: live.SHA256}, "without a report"
	})
	assert.Equal(t, []string{"permissions", "domains", "native-code"}, steps(), "rather a step too many")
	r.agrees()
}

func TestWhatComparingFindsCanStandInTheWayOfAnApproval(t *testing.T) {
	r := newReviewing(t)
	r.acts.Settings.Review, r.acts.Settings.BlockingWarnings = nil, []string{"domain_added", "native_code"}
	r.uploads("1.0.0", script(`fetch("https://one.example")`))
	r.publishes() // with nothing to compare with
	r.uploads("1.1.0", script(`fetch("https://one.example"); fetch("https://two.example")`))
	r.asks(lifecycle.RequestPublishing, ann)
	approve := func(id string, waivers ...lifecycle.Waiver) lifecycle.Code {
		_, decision := r.ask(asked(lifecycle.ApprovePublishing, rob, func(c *lifecycle.Command) { c.RequestID, c.Waivers = id, waivers }))
		r.step++
		assert.Contains(t, decision.Outcome.Message, "domain_added in home.js")
		return decision.Outcome.Code
	}
	assert.Equal(t, lifecycle.WaiverRequired, approve("as it is"))
	waiver := lifecycle.Waiver{Finding: lifecycle.Finding{Code: "domain_added", Path: "home.js"}, Reason: "it is ours"}
	r.asks(lifecycle.ApprovePublishing, rob, func(c *lifecycle.Command) { c.Waivers = []lifecycle.Waiver{waiver} })
	assert.Equal(t, lifecycle.ReadyToPublish, r.m.State)
	r.agrees()
}

func TestWhatCannotBeComparedIsNotApproved(t *testing.T) {
	r := newReviewing(t)
	r.acts.Settings.Review, r.acts.Settings.BlockingWarnings = nil, []string{"domain_added"}
	r.uploads("1.0.0", script(`one()`))
	r.publishes()
	r.uploads("1.1.0", script(`two()`))
	r.asks(lifecycle.RequestPublishing, ann)
	other, err := packages.OpenStore(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })
	r.acts.Packages = other
	_, refused := r.ask(asked(lifecycle.ApprovePublishing, rob))
	assert.Equal(t, lifecycle.PackageRefused, refused.Outcome.Code)
	for _, part := range []string{"1.1.0", "1.0.0", "waived"} {
		assert.Contains(t, refused.Outcome.Message, part)
	}
	r.step++
	r.acts.Settings.BlockingWarnings = []string{"native_code"}
	r.asks(lifecycle.ApprovePublishing, rob)
	assert.Equal(t, lifecycle.ReadyToPublish, r.m.State, "nothing has to be compared")
}
