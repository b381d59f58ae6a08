package lifecycle

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
