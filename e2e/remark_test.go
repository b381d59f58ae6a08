package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"google.golang.org/protobuf/proto"

	"slipway/lifecycle"
)

func TestAHundredTestersLeaveADecisionThatSomebodyIsTypingValid(t *testing.T) {
	p := running(t)
	p.hearAnswers()
	id := p.request("remarks")
	p.approved(id, "1.0.0")
	seen := p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	for i := range 100 {
		tester := lifecycle.Actor{User: fmt.Sprint("tester-", i)}
		outcome := p.do(id, lifecycle.LeaveFeedback, tester, stars, func(c *lifecycle.Command) { c.IfRevision = seen.Revision })
		assert.Equal(t, seen.Revision, outcome.Revision)
	}
	decided := p.do(id, lifecycle.Rollback, manager, func(c *lifecycle.Command) { c.IfRevision = seen.Revision })
	assert.Equal(t, seen.Revision+1, decided.Revision)
	status := p.agree(id)
	assert.Equal(t, seen.Revision+101, status.Sequence)
	records := p.records(id)
	assert.Equal(t, "tester-99", records[len(records)-2].Actor)
	assert.Equal(t, lifecycle.KindRemark, records[len(records)-2].Kind)
	assert.Equal(t, lifecycle.Publish, status.Transitions[len(status.Transitions)-2].Action, "remarks do not crowd out what was done")
}

// maxMarker is how large the marker of an ordinary action may be.
const maxMarker = 4 << 10

func TestTheMarkerOfAnOrdinaryActionIsBelowFourKilobytes(t *testing.T) {
	p := running(t)
	id := p.request("markers")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(0))
	p.becomes(id, lifecycle.Published) // from now on there are a live version and a candidate
	run := p.runID(id)
	p.approved(id, "1.1.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	p.do(id, lifecycle.LeaveFeedback, reviewer, stars, longText)
	for range 12 {
		p.do(id, lifecycle.Pause, manager, longComment)
		p.do(id, lifecycle.Resume, manager, longComment)
	}
	p.do(id, lifecycle.SetGrayscale, manager, func(c *lifecycle.Command) { c.Percent = new(lifecycle.WholePercent(20)) })
	p.do(id, lifecycle.Promote, manager)
	markers := 0
	for _, event := range p.history(id, run) {
		if marker := event.GetMarkerRecordedEventAttributes(); marker != nil && marker.GetMarkerName() == "LocalActivity" {
			markers++
			assert.Less(t, proto.Size(event), maxMarker, event.GetUserMetadata().GetSummary().String())
		}
	}
	assert.Equal(t, 32, markers, "each action has its marker, the upload two")
}
