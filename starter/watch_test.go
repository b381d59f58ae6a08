package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestAWatcherWhoLeavesBeforeTheStateIsReachedIsNotDone(t *testing.T) {
	c, _ := withWorker(t)
	addr := freeAddress(t)
	startWeb(t, addr)
	c.does("request left --title Left")
	for _, through := range []string{"", " --server http://" + addr} {
		for line, expected := range map[string]int{"watch left --until " + string(lifecycle.Published): exitUnfinished, "watch left": exitDone} {
			ctx, interrupt := context.WithTimeout(t.Context(), patience)
			var out, complaints screen
			ended := make(chan int, 1)
			go func() { ended <- run(ctx, strings.Fields(line+through), &out, &complaints) }()
			require.Eventually(t, out.shows("request-creation"), patience, glance)
			interrupt()
			assert.Equal(t, expected, <-ended, line+through)
			assert.Equal(t, expected == exitUnfinished, complaints.shows("not waiting any more: left has not reached Published")(), line+through)
		}
	}
}

func TestAWatcherWhoLeavesBeforeAnybodyAnswersIsNotDone(t *testing.T) {
	c, stop := withWorker(t)
	c.does("request unseen --title Unseen")
	stop()
	for line, expected := range map[string]int{"watch unseen --until Published": exitUnfinished, "watch unseen": exitDone} {
		ctx, interrupt := context.WithTimeout(t.Context(), time.Second)
		var out, complaints bytes.Buffer
		assert.Equal(t, expected, run(ctx, strings.Fields(line), &out, &complaints), line)
		interrupt()
	}
}
