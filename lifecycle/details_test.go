package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheTimelineSaysWhatWasSet(t *testing.T) {
	s := created(t).approved("1.0.0")
	at := start.Add(48 * hour)
	said := func(action Action, by Actor, fill ...func(*Command)) string {
		s.do(action, by, fill...)
		return s.m.Transitions[len(s.m.Transitions)-1].Details
	}
	assert.Empty(t, s.m.Transitions[0].Details, "there is nothing to say")
	assert.Equal(t, "scheduled for 3 Nov 2026, 09:00 UTC; plan fast: 25 % for 1h, 100 %",
		said(Publish, ann, planned(Plan{Name: "fast"}), func(c *Command) { c.At = &at }))
	assert.Equal(t, at, *s.m.Outcome(Command{Action: Publish}, nil, s.now).ScheduledAt)
	assert.Equal(t, "plan hours: 5 % for 10h, 10 % for 10h, 25 % for 10h, 50 % for 10h, 100 %", said(ChangePlan, ann, planned(hours())))
	assert.Equal(t, "it was scheduled for 3 Nov 2026, 09:00 UTC", said(CancelSchedule, ann))
	own := hours()
	own.Name = ""
	assert.Equal(t, "own plan: 5 % for 10h, 10 % for 10h, 25 % for 10h, 50 % for 10h, 100 %", said(Publish, ann, planned(own)))
	assert.Nil(t, s.m.Outcome(Command{Action: Publish}, nil, s.now).ScheduledAt)
	assert.Equal(t, "12.5 % instead of 5 %; 1 tester instead of 0",
		said(SetGrayscale, mia, func(c *Command) { c.Percent, c.Testers = new(Percent(1250)), &[]string{"tina"} }))
	assert.Equal(t, "other testers, 1 tester", said(SetGrayscale, mia, func(c *Command) { c.Testers = &[]string{"tom"} }))
	assert.Equal(t, "as before: 12.5 %, 1 tester", said(SetGrayscale, mia, func(c *Command) { c.Testers = &[]string{"tom"} }))
	s.now = s.now.Add(209543656 * time.Nanosecond)
	assert.Equal(t, "at 12.5 %, 9h56m of the stage left", said(Pause, mia)) // not 9h55m59.790456344s
	assert.Equal(t, "at 12.5 %, 9h56m of the stage left", said(Resume, mia))
	assert.Equal(t, "to 12.5 % for 10h", said(Promote, mia))
	assert.Equal(t, "taken back from 12.5 %", said(Rollback, mia))
}

func TestWhatIsSaidOfAPlanIsShort(t *testing.T) {
	plan := Plan{Name: strings.Repeat("n", MaxName)}
	for i := range MaxStages {
		plan.Production = append(plan.Production, Stage{Percent: Percent(201 * (i + 1)), Hold: Duration(time.Hour + time.Minute)})
	}
	plan.Production[MaxStages-1] = Stage{Percent: Everyone}
	plan, refusal := plan.Resolve(nil)
	require.Nil(t, refusal)
	s := created(t).approved("1.0.0").do(Publish, ann, planned(plan))
	assert.Len(t, []rune(s.m.Transitions[len(s.m.Transitions)-1].Details), excerptLength)
}

func TestADurationIsRoundedAsPeopleSayIt(t *testing.T) {
	for text, rounded := range map[string]string{
		"59m58.209543656s": "59m58s", "24h": "24h", "0s": "0s", "1m0.4s": "1m", "59.96s": "1m", "1.04s": "1s", "1.25s": "1.3s", "350.7ms": "351ms", "1h0m59.7s": "1h1m",
	} {
		var d Duration
		require.NoError(t, d.UnmarshalText([]byte(text)))
		assert.Equal(t, rounded, d.Rounded().String(), text)
	}
}
