package pages

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"slipway/lifecycle"
)

// standing is a mini-program as it stands in a row of a table.
func standing(state lifecycle.State, change ...func(*lifecycle.MiniProgram)) lifecycle.Status {
	version := &lifecycle.Version{Version: "1.1.0", SHA256: strings.Repeat("ab", 32)}
	m := lifecycle.MiniProgram{ID: "weather", Title: "Weather", Team: "acme", State: state, Revision: 7, Sequence: 7}
	switch state.Group() {
	case lifecycle.CreationPending.Group():
	default:
		if state != lifecycle.CodeUnavailable {
			m.Candidate = version
		}
	}
	switch state {
	case lifecycle.CreationPending, lifecycle.PublishingPending:
		m.Review = &lifecycle.Review{RequestedBy: "tim"}
	case lifecycle.GrayscaleRelease, lifecycle.ProductionRelease:
		m.Rollout = &lifecycle.Rollout{Plan: lifecycle.StandardPlans()["standard"]}
		if state == lifecycle.ProductionRelease {
			m.Rollout.Stage = 1
		}
	case lifecycle.Published:
		m.Candidate, m.Live = nil, version
	}
	for _, each := range change {
		each(&m)
	}
	return m.Status()
}

func scheduled(m *lifecycle.MiniProgram) {
	m.Plan, m.Schedule = new(lifecycle.StandardPlans()["standard"]), &lifecycle.Schedule{At: time.Now().Add(time.Hour)}
}

func pausedNow(m *lifecycle.MiniProgram) { m.Rollout.PausedAt = new(time.Now()) }

func held(m *lifecycle.MiniProgram) { m.Rollout.Held = lifecycle.HeldForHealth }

// people are one of each role; look stands for the way to the page where one decides.
var people = map[string]lifecycle.Actor{
	"developer": somebody,
	"reviewer":  {User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}},
	"manager":   {User: "mia", Roles: []lifecycle.Role{lifecycle.ReleaseManager}},
	"operator":  {User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}},
	"auditor":   {User: "ada", Roles: []lifecycle.Role{lifecycle.Auditor}},
}

// mainActions are what each state is about, and for whom; for everybody else no button stands out.
var mainActions = []struct {
	name   string
	status lifecycle.Status
	label  string
	who    string
}{
	{"creation requested", standing(lifecycle.CreationPending), "Approve", "reviewer"},
	{"creation withdrawn", standing(lifecycle.CreationCancelled), "", ""},
	{"creation denied", standing(lifecycle.CreationRejected), "", ""},
	{"no code", standing(lifecycle.CodeUnavailable), "Upload code…", "developer"},
	{"code", standing(lifecycle.CodeAvailable), "Submit for review", "developer"},
	{"under review", standing(lifecycle.PublishingPending), "Look into version 1.1.0", "reviewer"},
	{"withdrawn", standing(lifecycle.PublishingCancelled), "Submit for review", "developer"},
	{"rejected", standing(lifecycle.PublishingRejected), "Upload code…", "developer"},
	{"approved", standing(lifecycle.ReadyToPublish), "Publish…", "developer"},
	{"scheduled", standing(lifecycle.ReadyToPublish, scheduled), "", ""},
	{"grayscale", standing(lifecycle.GrayscaleRelease), "", ""},
	{"grayscale, held", standing(lifecycle.GrayscaleRelease, held), "Promote to production", "developer manager"},
	{"grayscale, paused", standing(lifecycle.GrayscaleRelease, pausedNow), "Resume", "developer manager operator"},
	{"production", standing(lifecycle.ProductionRelease), "", ""},
	{"production, held", standing(lifecycle.ProductionRelease, held), "Next stage", "manager"},
	{"production, paused", standing(lifecycle.ProductionRelease, pausedNow), "Resume", "developer manager operator"},
	{"published", standing(lifecycle.Published), "", ""},
	{"offline", standing(lifecycle.UnpublishedByDev), "Submit for review", "developer"},
	{"suspended", standing(lifecycle.SuspendedByOp), "Submit for review", "developer"},
}

func TestAPageHasOneMainActionForThoseWhoseTurnItIs(t *testing.T) {
	pages, err := New(Options{})
	require.NoError(t, err)
	states := map[lifecycle.State]bool{}
	for _, row := range mainActions {
		states[row.status.State] = true
		for who, person := range people {
			var want []string
			if row.label != "" && strings.Contains(row.who, who) {
				want = []string{row.label}
			}
			assert.Equal(t, want, standOut(t, pages, row.status, person), "%s, for the %s", row.name, who)
		}
	}
	assert.Len(t, states, len(lifecycle.States), "every state is in the table")
}

// standOut are the buttons of the page of a mini-program that stand out before anything is unfolded.
func standOut(t *testing.T, pages *Pages, status lifecycle.Status, person lifecycle.Actor) (labels []string) {
	t.Helper()
	w := pages.editions[0].words
	data := newMiniProgramData(status, person, w)
	var rendered strings.Builder
	require.NoError(t, pages.editions[0].templates["mini-program"].ExecuteTemplate(&rendered, "main", page{Data: data}))
	document, err := html.Parse(strings.NewReader(rendered.String()))
	require.NoError(t, err)
	for node := range document.Descendants() {
		if node.Type == html.ElementNode && hasClass(node, "primary") && !isFoldedAway(node) {
			labels = append(labels, strings.Join(strings.Fields(plainText(node)), " "))
		}
	}
	return labels
}

func hasClass(node *html.Node, class string) bool {
	for _, attribute := range node.Attr {
		if attribute.Key == "class" && strings.Contains(" "+attribute.Val+" ", " "+class+" ") {
			return true
		}
	}
	return false
}

func isFoldedAway(node *html.Node) bool {
	for above := range node.Ancestors() {
		if above.Data == "form" {
			return true
		}
	}
	return false
}

func plainText(node *html.Node) string {
	if node.Type == html.TextNode {
		return node.Data
	}
	var text strings.Builder
	for child := range node.ChildNodes() {
		text.WriteString(plainText(child))
	}
	return text.String()
}

func TestWhatTakesSomethingAwayIsRedLastAndSaysWhatItDoes(t *testing.T) {
	w := inEnglish(t)
	found := map[lifecycle.Action]bool{}
	withEarlier := func(m *lifecycle.MiniProgram) { m.Previous = []lifecycle.Version{{Version: "1.0.0"}} }
	for _, row := range append(mainActions, mainActions[0], mainActions[16]) {
		for who, person := range people {
			red := false
			for _, legal := range newActions(row.status, person, w).Quiet {
				isDestructive := legal.Weight == danger
				assert.False(t, red && !isDestructive, "%s, for the %s: %s stands behind what is red", row.name, who, legal.Action)
				red = isDestructive
				if isDestructive {
					found[legal.Action] = true
					assert.NotEmpty(t, legal.Effect, legal.Action)
					assert.Equal(t, "danger", legal.Form.Weight(), legal.Action)
				}
			}
		}
	}
	for _, legal := range newActions(standing(lifecycle.Published, withEarlier), somebody, w).Quiet {
		found[legal.Action] = legal.Weight == danger || found[legal.Action]
	}
	for _, action := range destructive {
		assert.True(t, found[action], "%s is somewhere", action)
	}
}

func TestEveryActionWithARequiredCommentIsDestructiveButExpedite(t *testing.T) {
	for _, rule := range lifecycle.Table {
		if rule.NeedsComment && rule.Action != lifecycle.Expedite { // it takes nothing from anybody
			assert.Equal(t, danger, weightOf(rule.Action), rule.Action)
		}
	}
}

func TestAnEffectNamesWhatUsersGet(t *testing.T) {
	w := inEnglish(t)
	live := func(m *lifecycle.MiniProgram) { m.Live = &lifecycle.Version{Version: "1.0.0"} }
	assert.Equal(t, "Whoever has version 1.1.0 gets 1.0.0 again at once.",
		w.effect(lifecycle.Rollback, standing(lifecycle.GrayscaleRelease, live)))
	assert.Equal(t, "Whoever has version 1.1.0 loses the mini-program at once: no other version is live.",
		w.effect(lifecycle.Rollback, standing(lifecycle.GrayscaleRelease)))
	assert.Equal(t, "From now on 25 % of the users get version 1.1.0.", w.effect(lifecycle.Advance, standing(lifecycle.ProductionRelease)))
	assert.Equal(t, "From now on 10 % of the users get version 1.1.0.", w.effect(lifecycle.Promote, standing(lifecycle.GrayscaleRelease)))
}
