package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWhatIsAheadFollowsThePlan(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	r := Rollout{StageSince: start, Plan: Plan{
		Grayscale:  Grayscale{Percent: WholePercent(30), Bake: Duration(day)},
		Production: []Stage{{Percent: WholePercent(10), Hold: Duration(2 * day)}, {Percent: Everyone}},
	}}
	ten, thirty := at(10), WholePercent(30)
	assert.Equal(t, []StageAhead{{0, thirty, ten, at(24)}, {1, thirty, at(24), at(72)}, {2, Everyone, at(72), at(72)}}, r.Ahead(ten),
		"going on never takes the candidate from anyone")

	r.pause(at(4), DefaultSettings())
	assert.Equal(t, []StageAhead{{0, thirty, ten, at(30)}, {1, thirty, at(30), at(78)}, {2, Everyone, at(78), at(78)}}, r.Ahead(ten),
		"20 hours are left whenever it goes on")
	r.resume(ten)
	assert.Equal(t, at(30), r.Ahead(ten)[0].Ends)

	r.Held = HeldForPromotion
	assert.Equal(t, StageAhead{1, thirty, at(40), at(88)}, r.Ahead(at(40))[1], "a stage whose time is over can end now")
	r.Stage, r.StageSince, r.PausedFor = 2, at(88), 0
	assert.Equal(t, []StageAhead{{2, Everyone, at(88), at(88)}}, r.Ahead(at(88)))
}
