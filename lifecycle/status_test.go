package lifecycle

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheStatusHasTheFieldsOfTheContract(t *testing.T) {
	s := inState(t, Published).grayscale("1.1.0")
	data, err := json.Marshal(s.m.Status())
	require.NoError(t, err)
	var status map[string]any
	require.NoError(t, json.Unmarshal(data, &status))
	for _, field := range []string{"id", "title", "description", "team", "state", "revision", "updated_at", "candidate", "live",
		"previous", "review", "scheduled_at", "rollout", "suspension", "feedback", "actions", "transitions"} {
		assert.Contains(t, status, field)
	}
	rollout := status["rollout"].(map[string]any)
	assert.EqualValues(t, 5, rollout["percent"])
	assert.EqualValues(t, 0, rollout["stage"])
	assert.Equal(t, false, rollout["paused"])
	assert.Equal(t, false, rollout["held"])
	assert.Equal(t, s.m.Rollout.StageSince.Add(24*time.Hour).Format(time.RFC3339), rollout["ends_at"])
	assert.Equal(t, "24h", rollout["plan"].(map[string]any)["grayscale"].(map[string]any)["bake"])
}

func TestAListIsNeverNull(t *testing.T) {
	for _, state := range States {
		s := inState(t, state)
		status, outcome := s.m.Status(), s.m.Outcome(Command{}, nil, s.now)
		assert.Empty(t, nullLists(reflect.ValueOf(status), "status"), state)
		assert.Empty(t, nullLists(reflect.ValueOf(outcome), "outcome"), state)
		text, err := json.Marshal(status)
		require.NoError(t, err)
		var again Status
		require.NoError(t, json.Unmarshal(text, &again))
		assert.Empty(t, nullLists(reflect.ValueOf(again), "status"), "%s, as programs read and write it", state)
	}
	scheduled := inState(t, ReadyToPublish).do(Publish, ann, at(start.Add(48*hour)))
	assert.Empty(t, nullLists(reflect.ValueOf(scheduled.m.Status()), "status"))
}

// nullLists names the lists that JSON would write as null.
func nullLists(value reflect.Value, path string) (found []string) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			found = nullLists(value.Elem(), path)
		}
	case reflect.Slice:
		for i := range value.Len() {
			found = append(found, nullLists(value.Index(i), path+"[]")...)
		}
	case reflect.Struct:
		if _, writesItself := value.Interface().(json.Marshaler); writesItself {
			return nil
		}
		for field, member := range value.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			isNull := member.Kind() == reflect.Slice && member.IsNil() && !strings.Contains(field.Tag.Get("json"), "omitempty")
			if isNull && name != "-" {
				found = append(found, path+"."+name)
			}
			if field.IsExported() {
				found = append(found, nullLists(member, path+"."+name)...)
			}
		}
	}
	return found
}

func TestTheTimelineTellsSinceWhenAStateLasts(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }
	m := MiniProgram{State: PublishingPending, Transitions: []Transition{
		{At: at(1), From: CodeAvailable, To: PublishingPending}, {At: at(2), From: PublishingPending, To: CodeAvailable},
		{At: at(3), From: CodeAvailable, To: PublishingPending}, {At: at(4), From: PublishingPending, To: PublishingPending, Action: Reminded},
	}}
	since, known := m.InStateSince()
	assert.True(t, known)
	assert.Equal(t, at(3), since)
	m.Transitions = m.Transitions[3:]
	_, known = m.InStateSince()
	assert.False(t, known, "it is longer ago than the timeline reaches")
}
