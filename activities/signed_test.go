package activities_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/catalog"
	"slipway/keyring"
	"slipway/lifecycle"
)

func ring(t *testing.T, lines string) (r keyring.Ring) {
	t.Helper()
	require.NoError(t, r.UnmarshalText([]byte(lines)))
	return r
}

var signalKey, anotherKey = keyring.Generate("k1"), keyring.Generate("k2")

// listening is a mini-program whose worker knows the web's key.
func listening(t *testing.T, signedOnly bool) *deciding {
	d := newDeciding(t)
	d.now = time.Now().UTC()
	d.acts.SignalKeys, d.acts.SignedOnly = ring(t, signalKey), signedOnly
	return d
}

// signed is a question as the web sends it.
func signed(t *testing.T, keys keyring.Ring, id, life string, q activities.Question) activities.Question {
	t.Helper()
	q.Command.Action = q.Action
	signature, err := activities.SignCommand(keys, id, life, q.Command)
	require.NoError(t, err)
	q.Sent = &signature
	return q
}

func unsigned(q activities.Question) activities.Question {
	q.Sent = &keyring.Signature{}
	return q
}

func (d *deciding) via() lifecycle.Via {
	return d.m.Transitions[len(d.m.Transitions)-1].Via
}

func TestTheAuditTrailSaysWhichWayAnActionCame(t *testing.T) {
	d := listening(t, false)
	d.takeOver(d.ask(signed(t, d.acts.SignalKeys, "weather", "life", asked(lifecycle.ApproveCreation, rob))))
	assert.Equal(t, lifecycle.ViaWeb, d.via())
	admitted := unsigned(asked(lifecycle.UploadCode, ann, uploaded))
	admitted.Admit = true
	_, decision := d.ask(admitted)
	assert.Equal(t, activities.Decision{Admitted: true, Via: lifecycle.ViaTemporal}, decision)
	inspected := asked(lifecycle.UploadCode, ann, uploaded)
	inspected.Via = decision.Via
	d.takeOver(d.ask(inspected))
	assert.Equal(t, lifecycle.ViaTemporal, d.via())
	d.agrees()
	record, _, err := d.acts.Catalog.Step(t.Context(), "weather", "life", d.step)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.ViaTemporal, record.Via)
	d.takeOver(d.ask(asked(lifecycle.RequestPublishing, ann)))
	assert.Empty(t, d.via(), "nobody looked")
	d.acts.SignalKeys = keyring.Ring{}
	d.takeOver(d.ask(unsigned(asked(lifecycle.ApprovePublishing, rob))))
	assert.Empty(t, d.via(), "nobody can look without a key")
}

func TestWhatTheWebDidNotSendIsRefused(t *testing.T) {
	key, other := ring(t, signalKey), ring(t, anotherKey)
	approve := asked(lifecycle.ApproveCreation, rob)
	with := func(change func(*activities.Question)) activities.Question {
		q := signed(t, key, "weather", "life", approve)
		change(&q)
		return q
	}
	for why, q := range map[string]activities.Question{
		"it has no signature":                   unsigned(approve),
		"by the key \"k2\", which is not known": signed(t, other, "weather", "life", approve),
		"is for something else":                 signed(t, key, "maps", "life", approve),
		"for something else":                    signed(t, key, "weather", "an earlier life", approve),
		"something else":                        with(func(q *activities.Question) { q.Command.Comment = "another" }),
		"its signature is for something else":   with(func(q *activities.Question) { q.Command.Actor.User = "ron" }),
		"signature is for something else":       with(func(q *activities.Question) { q.Action = lifecycle.RejectCreation }),
		"else":                                  with(func(q *activities.Question) { q.Sent.At = q.Sent.At.Add(time.Hour) }),
		"it has no signature; use the pages":    with(func(q *activities.Question) { q.Sent = &keyring.Signature{} }),
	} {
		d := listening(t, true)
		_, decision := d.ask(q)
		require.NotNil(t, decision.Outcome, why)
		assert.Equal(t, lifecycle.UnsignedSignal, decision.Outcome.Code)
		assert.Contains(t, decision.Outcome.Message, why)
		assert.Nil(t, decision.Delta)
		_, outcome, err := d.acts.Catalog.Step(t.Context(), "weather", "life", d.step+1)
		require.NoError(t, err)
		assert.Equal(t, "unnamed-unsigned-approve-creation", outcome.RequestID, "whose request it is, nobody knows")
		d.step++
		d.takeOver(d.ask(signed(t, key, "weather", "life", approve)))
		assert.Equal(t, lifecycle.CodeUnavailable, d.m.State, "the real one is not in its way")
	}
}

func TestASignatureEndsAfterAWeek(t *testing.T) {
	for age, code := range map[time.Duration]lifecycle.Code{6 * 24 * time.Hour: "", 8 * 24 * time.Hour: lifecycle.UnsignedSignal} {
		d := listening(t, true)
		q := signed(t, d.acts.SignalKeys, "weather", "life", asked(lifecycle.ApproveCreation, rob))
		d.now = d.now.Add(age)
		_, decision := d.ask(q)
		assert.Equal(t, code, decision.Outcome.Code, age)
	}
}

func TestWhatTimersAndGatesDoNeedsNoSignature(t *testing.T) {
	d := listening(t, true)
	d.takeOver(d.ask(activities.Question{Action: lifecycle.Reminded, Command: lifecycle.Command{Actor: lifecycle.Timers}}))
	assert.True(t, d.m.Review.Reminded)
}

// A workflow remembers 250 answers. A signed signal that is sent again after more than that is still known.
func TestASignedSignalCountsOnceHoweverMuchHappenedSince(t *testing.T) {
	d := listening(t, true)
	approve := signed(t, d.acts.SignalKeys, "weather", "life", asked(lifecycle.ApproveCreation, rob))
	d.takeOver(d.ask(approve))
	approve.TookOver = true
	_, again := d.ask(approve)
	assert.Equal(t, activities.Decision{Outcome: &activities.ShortOutcome{}, Repeated: true}, again)
}

// created is a request for creation that was signed while the id had a life.
func created(t *testing.T, d *deciding, life string) activities.Question {
	t.Helper()
	creation := lifecycle.Creation{ID: "maps", Title: "Maps", Team: "acme", Actor: ann, RequestID: "creation"}
	signature, err := activities.SignCreation(d.acts.SignalKeys, life, creation)
	require.NoError(t, err)
	return activities.Question{
		Step: 1, Life: "first", Action: lifecycle.RequestCreation, Creation: &creation, MiniProgram: lifecycle.MiniProgram{}, Now: d.now,
		Command: lifecycle.Command{Actor: ann, RequestID: "creation"}, Sent: &signature,
	}
}

func TestASignedRequestForCreationBeginsOneLifeOnly(t *testing.T) {
	d := listening(t, true)
	request := created(t, d, "")
	first := d.decide(request)
	require.NotNil(t, first.Delta, "%+v", first)
	assert.Equal(t, lifecycle.ViaWeb, first.Delta.Transition.Via)
	assert.NotNil(t, d.decide(request).Stored, "a task done twice takes over what is stored")
	m, err := lifecycle.MiniProgram{}.Apply(*first.Delta, lifecycle.Command{Action: lifecycle.RequestCreation, Actor: ann}, d.now)
	require.NoError(t, err)
	rejected := signed(t, d.acts.SignalKeys, "maps", "first", asked(lifecycle.RejectCreation, rob))
	rejected.Life, rejected.Step, rejected.MiniProgram, rejected.Now = "first", 2, m, d.now
	require.NotNil(t, d.decide(rejected).Delta)

	request.Life = "second"
	assert.Equal(t, lifecycle.UnsignedSignal, d.decide(request).Refusal.Code, "it was for the first life")
	anew := created(t, d, "first")
	anew.Life = "second"
	assert.NotNil(t, d.decide(anew).Delta)
}

// lost is a catalogue that takes a commit and does not say so, once.
type lost struct {
	activities.Committer
	times int
}

func (l *lost) Commit(ctx context.Context, commit catalog.Commit) (catalog.Gap, error) {
	gap, err := l.Committer.Commit(ctx, commit)
	if l.times++; l.times == 1 {
		return gap, fmt.Errorf("the connection broke")
	}
	return gap, err
}

// unreadable is a catalogue that fails to say what a step is, once.
type unreadable struct {
	activities.Committer
	times int
}

func (u *unreadable) Step(ctx context.Context, id, life string, step int) (*lifecycle.Record, *lifecycle.Outcome, error) {
	if u.times++; u.times == 1 {
		return nil, nil, fmt.Errorf("the connection broke")
	}
	return u.Committer.Step(ctx, id, life, step)
}

func TestACreationThatIsRecordedIsNotRefusedBecauseTheCatalogueDoesNotAnswer(t *testing.T) {
	for _, signedOnly := range []bool{true, false} {
		d := listening(t, signedOnly)
		request := created(t, d, "")
		require.NotNil(t, d.decide(request).Delta)
		d.acts.Catalog = &unreadable{Committer: d.acts.Catalog}
		decision, err := d.try(request)
		require.ErrorContains(t, err, "the connection broke", "it is asked again: %+v", decision.Refusal)
		assert.NotNil(t, d.decide(request).Stored, "what was recorded stays")
	}
}

func TestAnEarlierLifeThatBeginsOnceMoreIsNotRefusedBecauseTheCatalogueDoesNotAnswer(t *testing.T) {
	d := listening(t, false)
	first := created(t, d, "")
	m, err := lifecycle.MiniProgram{}.Apply(*d.decide(first).Delta, lifecycle.Command{Action: lifecycle.RequestCreation, Actor: ann}, d.now)
	require.NoError(t, err)
	rejected := asked(lifecycle.RejectCreation, rob)
	rejected.Life, rejected.Step, rejected.MiniProgram, rejected.Now = "first", 2, m, d.now
	require.NotNil(t, d.decide(rejected).Delta)
	second := first
	second.Life = "second"
	require.NotNil(t, d.decide(second).Delta)

	first.Sent = nil // so that only the commit tells that the id is taken
	d.acts.Catalog = &unreadable{Committer: d.acts.Catalog}
	decision, err := d.try(first)
	require.ErrorContains(t, err, "the connection broke", "it is asked again: %+v", decision.Refusal)
	again := d.decide(first)
	require.NotNil(t, again.Stored, "%+v", again.Refusal)
	assert.Equal(t, "second", again.Stored.Life)
}

func TestACommitWhoseAnswerWasLostIsNoRepetition(t *testing.T) {
	d := listening(t, false)
	d.acts.Catalog = &lost{Committer: d.acts.Catalog}
	approve := signed(t, d.acts.SignalKeys, "weather", "life", asked(lifecycle.ApproveCreation, rob))
	approve.TookOver = true
	approve.Life, approve.MiniProgram, approve.Now, approve.Step = "life", d.m, d.now, d.step+1
	_, err := d.try(approve)
	require.ErrorContains(t, err, "the connection broke")
	decision := d.decide(approve)
	require.NotNil(t, decision.Stored, "it is the step that is stored")
	assert.Equal(t, lifecycle.CodeUnavailable, decision.Stored.MiniProgram.State)
	assert.Empty(t, decision.Alarm)
}
