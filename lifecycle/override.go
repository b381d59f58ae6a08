package lifecycle

import (
	"bytes"
	"errors"
)

// Override reads what a deployment sets otherwise from JSON: timers and plans. What it does not name stays as it is.
func (s *Settings) Override(data []byte) error {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // what Windows puts before UTF-8
	if err := DecodeStrictly(data, s); err != nil {
		return err
	}
	if refusal := s.Validate(); refusal != nil {
		return errors.New(refusal.Message)
	}
	return nil
}
