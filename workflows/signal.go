package workflows

import (
	"encoding/json"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"slipway/lifecycle"
)

// Signal is one signal as it arrived.
type Signal struct {
	Name string `json:"name"`
	// Data is the JSON object that it carries; Malformed says why there is none.
	Data      string `json:"data,omitempty"`
	Malformed string `json:"malformed,omitempty"`
}

func newSignal(name string, carried *commonpb.Payloads) Signal {
	s := Signal{Name: name}
	if n := len(carried.GetPayloads()); n != 1 {
		s.Malformed = fmt.Sprintf("it carries %d values instead of one JSON object", n)
		return s
	}
	payload := carried.GetPayloads()[0]
	if encoding := string(payload.GetMetadata()[converter.MetadataEncoding]); encoding != converter.MetadataEncodingJSON {
		s.Malformed = fmt.Sprintf("its encoding is %.40q instead of %q", encoding, converter.MetadataEncodingJSON)
		return s
	}
	s.Data = string(payload.GetData())
	return s
}

// command reads what the signal carries. With an error it still returns what could be read of the request id, so that
// whoever sent it can find the refusal.
func (s Signal) command() (lifecycle.Command, error) {
	if s.Malformed != "" {
		return lifecycle.Command{Action: lifecycle.Action(s.Name)}, errors.New(s.Malformed)
	}
	command, err := lifecycle.DecodeCommand(lifecycle.Action(s.Name), []byte(s.Data))
	if err == nil && command.Action == lifecycle.RequestCreation {
		err = fmt.Errorf("%s starts a workflow, it is no signal", command.Action)
	}
	if err == nil {
		return command, nil
	}
	var named struct {
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal([]byte(s.Data), &named) // the error is known already
	if len(named.RequestID) > lifecycle.MaxName {
		named.RequestID = ""
	}
	return lifecycle.Command{Action: command.Action, RequestID: named.RequestID}, err
}
