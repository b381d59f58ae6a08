package pages

import (
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/web/service"
)

// story is a rollout in time: what happened until now, and what is to come.
type story struct {
	Version string
	// Begins is the zero time where that is not decided; then the other times only tell how much later something is.
	Begins time.Time
	// Now is how far it is known: the present, or the end of a rollout that is over.
	Now  time.Time
	Over bool
	// Rehearsed tells that nothing of it has happened.
	Rehearsed bool
	// Cut tells that there was more before.
	Cut bool
	// Shares are the users who had the candidate, one after the other.
	Shares []share
	// Ahead are the stages to come. Those from Unknown on begin some time later than they say: nobody knows when. It is zero when all is
	// known.
	Ahead   []lifecycle.StageAhead
	Unknown time.Time
	// Awaits says what the unknown time waits for.
	Awaits  lifecycle.Action
	Pauses  []span
	Holds   []span
	Health  []verdict
	Records []lifecycle.Record
	Ratings []catalog.Rating
	// Values are what the rules of the health gate came to.
	Values []ruleValues
}

type span struct{ From, To time.Time }

// share is a part of the users, for a time.
type share struct {
	span
	Percent lifecycle.Percent
}

// verdict is what the health gate said, for a time; Status is "" when the record is of before it was kept.
type verdict struct {
	span
	Status lifecycle.HealthStatus
	Detail string
}

// newStory tells the rollout under way, or the last one.
func newStory(history service.RolloutHistory, status lifecycle.Status, now time.Time) story {
	s := story{Version: history.Version, Cut: history.Cut, Records: history.Records, Ratings: history.Ratings, Now: now}
	last := history.Records[len(history.Records)-1]
	s.Begins = history.Records[0].At
	s.Values = ruleValuesOf(history.Values, gateOf(history.Records))
	if s.Over = !last.To.RollingOut() || status.Rollout == nil; s.Over {
		s.Now = last.At
	}
	s.Now = latest(s.Now, last.At) // clocks differ
	for _, record := range history.Records {
		s.tell(record)
	}
	s.closeSpans()
	if !s.Over {
		s.lookAhead(*lifecycle.FromStatus(status).Rollout)
	}
	return s
}

// storyAhead is what a rollout will be that begins, or goes on, at a time; the zero time is one that is not decided.
func storyAhead(rollout lifecycle.Rollout, now time.Time) story {
	s := story{Begins: now, Now: now}
	s.lookAhead(rollout)
	return s
}

// tell takes in the next record.
func (s *story) tell(r lifecycle.Record) {
	if !r.Restored {
		s.share(r.At, percentAfter(r))
	}
	switch r.Action {
	case lifecycle.Pause:
		open(&s.Pauses, r.At)
		end(s.Holds, r.At)
	case lifecycle.Resume:
		end(s.Pauses, r.At)
	case lifecycle.Held:
		open(&s.Holds, r.At)
	case lifecycle.Publish, lifecycle.Promote, lifecycle.Advance, lifecycle.ChangePlan, lifecycle.HoldLifted, lifecycle.Rollback:
		end(s.Holds, r.At)
	case lifecycle.HealthChanged:
		s.judge(r)
	}
}

// percentAfter is how many users have the version after a record.
func percentAfter(r lifecycle.Record) lifecycle.Percent {
	switch {
	case r.Serving.Candidate != nil:
		return r.Serving.Percent
	case r.To == lifecycle.Published:
		return lifecycle.Everyone
	default:
		return 0
	}
}

func (s *story) share(at time.Time, percent lifecycle.Percent) {
	if n := len(s.Shares); n > 0 {
		if s.Shares[n-1].Percent == percent {
			return
		}
		s.Shares[n-1].To = at
	}
	s.Shares = append(s.Shares, share{span{From: at}, percent})
}

func (s *story) judge(r lifecycle.Record) {
	if n := len(s.Health); n > 0 {
		s.Health[n-1].To = r.At
	}
	judged := verdict{span: span{From: r.At}, Detail: r.Comment}
	if r.Health != nil {
		judged.Status = r.Health.Status
	}
	s.Health = append(s.Health, judged)
}

// open begins a span, unless the last one goes on.
func open(spans *[]span, at time.Time) {
	if n := len(*spans); n == 0 || !(*spans)[n-1].To.IsZero() {
		*spans = append(*spans, span{From: at})
	}
}

func end(spans []span, at time.Time) {
	if n := len(spans); n > 0 && spans[n-1].To.IsZero() {
		spans[n-1].To = at
	}
}

// closeSpans lets what goes on last until now.
func (s *story) closeSpans() {
	end(s.Pauses, s.Now)
	end(s.Holds, s.Now)
	if n := len(s.Shares); n > 0 {
		s.Shares[n-1].To = s.Now
	}
	if n := len(s.Health); n > 0 {
		s.Health[n-1].To = s.Now
	}
}

func (s *story) lookAhead(rollout lifecycle.Rollout) {
	s.Ahead = rollout.Ahead(s.Now)
	switch {
	case rollout.Paused():
		s.Unknown, s.Awaits = s.Now, lifecycle.Resume
	case rollout.Closure != nil && rollout.Closure.Until != nil:
		s.Ahead = rollout.Ahead(*rollout.Closure.Until)
		s.Ahead[0].Begins = s.Now
	case rollout.Closure != nil:
		s.Unknown, s.Awaits = s.Now, lifecycle.LiftTheStop
	case rollout.Held == lifecycle.HeldForHealth && rollout.Stage > 0:
		s.Unknown, s.Awaits = s.Now, lifecycle.Advance
	case rollout.Held != "":
		s.Unknown, s.Awaits = s.Now, lifecycle.Promote
	case rollout.WaitsForPerson():
		s.Unknown, s.Awaits = s.Ahead[0].Ends, lifecycle.Promote
	}
}

// isUnknown tells whether nobody knows when a moment to come will be.
func (s story) isUnknown(at time.Time) bool { return !s.Unknown.IsZero() && !at.Before(s.Unknown) }

// end is when the last stage ends, as far as that is known.
func (s story) end() time.Time {
	if len(s.Ahead) > 0 {
		return s.Ahead[len(s.Ahead)-1].Ends
	}
	return s.Now
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
