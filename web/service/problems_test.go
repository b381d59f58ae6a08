package service_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/web/service"
)

// Alerts count what is our fault. Somebody who closes a tab is none of it.
func TestARequestWhoseSenderLeftIsNobodysFault(t *testing.T) {
	for status, err := range map[int]error{
		499: fmt.Errorf("read a session: %w", context.Canceled),
		503: fmt.Errorf("read a session: %w", context.DeadlineExceeded),
		500: errors.New("read a session: out of memory"),
	} {
		core, logged := observer.New(zap.DebugLevel)
		s := &service.Service{Logger: zap.New(core)}
		assert.Equal(t, status, s.Problem(err).Status)
		assert.Equal(t, status != 499, logged.Len() == 1, status)
	}
}
