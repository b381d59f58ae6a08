package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	querypb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"

	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
	"slipway/workflows"
)

// hostile is Markdown and HTML that would load something, lead elsewhere or run, leaves its quotes, and turns text around.
const hostile = "![evil](https://evil.example/a.png)`[evil](javascript:evil)`<img src=x onerror=evil()>\u202e www.evil.example"

var codeSpan = regexp.MustCompile("`[^`]*`")

// assertInert requires that nothing of what is hostile is outside of code spans, and that nothing turns the text around.
func assertInert(t *testing.T, where, text string) (mentioned bool) {
	t.Helper()
	assert.NotContains(t, codeSpan.ReplaceAllString(text, ""), "evil", where)
	assert.NotContains(t, text, "\u202e", where)
	for span := range strings.SplitSeq(text, "\n\n") { // a paragraph ends a code span that is open
		assert.Zero(t, strings.Count(span, "`")%2, "%s: %s", where, span)
	}
	return strings.Contains(text, "evil")
}

// Temporal UI renders summaries and details as Markdown.
func TestWhatPeopleWriteIsInertInTemporalUI(t *testing.T) {
	w := openWhole(t)
	mallory := lifecycletest.Person{User: hostile, Roles: []string{"developer", "reviewer", "operator"}, Teams: []string{lifecycletest.OwnTeam}}
	id := "hostile"
	client := workflows.Client{Temporal: w.temporal}
	outcome, err := client.RequestCreation(t.Context(), lifecycle.Creation{ID: id, Title: strings.ReplaceAll(hostile, "\u202e", ""), Description: hostile, Comment: hostile, Team: lifecycletest.OwnTeam, Actor: actorOf(mallory)})
	require.NoError(t, err)
	require.True(t, outcome.Accepted, outcome.Message)
	mentioned := w.details(id) // who requested it
	act := func(action lifecycle.Action, change func(*lifecycle.Command)) {
		t.Helper()
		command := lifecycle.Command{Action: action, Actor: actorOf(mallory), Comment: hostile}
		change(&command)
		_, err := client.Act(t.Context(), id, command)
		require.NoError(t, err)
		mentioned += w.details(id)
	}
	by := func(user string) func(*lifecycle.Command) { return func(c *lifecycle.Command) { c.Actor.User = user } }
	act(lifecycle.ApproveCreation, by("rob"))
	act(lifecycle.UploadCode, func(c *lifecycle.Command) {
		c.Package, c.Notes = &lifecycle.Package{Version: "1.0.0", SHA256: w.sha256}, hostile
	})
	act(lifecycle.RequestPublishing, by(hostile))
	act(lifecycle.ApprovePublishing, by("rob"))
	act(lifecycle.Publish, by(hostile))
	act(lifecycle.LeaveFeedback, func(c *lifecycle.Command) { c.Comment, c.Rating, c.Text = "", 1, hostile })
	act(lifecycle.Suspend, by(hostile))
	require.NoError(t, w.temporal.SignalWorkflow(t.Context(), workflows.WorkflowID(id), "", hostile, map[string]any{hostile: hostile}))
	mentioned += w.details(id) // what was refused
	assert.Greater(t, mentioned, 5, "who did what, and why, is shown")
	assert.Positive(t, w.summaries(id), "summaries name people")
}

// details checks what Temporal UI shows of a workflow, and counts the places that mention what is hostile.
func (w *whole) details(id string) (mentioned int) {
	value, err := w.temporal.QueryWorkflow(w.t.Context(), workflows.WorkflowID(id), "", "__temporal_workflow_metadata")
	require.NoError(w.t, err)
	var metadata querypb.WorkflowMetadata
	require.NoError(w.t, value.Get(&metadata))
	described, err := w.temporal.DescribeWorkflow(w.t.Context(), workflows.WorkflowID(id), "")
	require.NoError(w.t, err)
	details, _ := described.GetStaticDetails()
	summary, _ := described.GetStaticSummary()
	for where, text := range map[string]string{"current details": metadata.GetCurrentDetails(), "static details": details, "static summary": summary} {
		if assertInert(w.t, where, text) {
			mentioned++
		}
	}
	return mentioned
}

// summaries checks those of all events of all runs.
func (w *whole) summaries(id string) (mentioned int) {
	for run := ""; ; {
		history := w.temporal.GetWorkflowHistory(context.WithoutCancel(w.t.Context()), workflows.WorkflowID(id), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		before := ""
		for history.HasNext() {
			event, err := history.Next()
			require.NoError(w.t, err)
			if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
				before = started.GetContinuedExecutionRunId()
			}
			for _, payload := range []*commonpb.Payload{event.GetUserMetadata().GetSummary(), event.GetUserMetadata().GetDetails()} {
				var text string
				if payload != nil {
					require.NoError(w.t, converter.GetDefaultDataConverter().FromPayload(payload, &text))
				}
				if assertInert(w.t, event.GetEventType().String(), text) {
					mentioned++
				}
			}
		}
		if run = before; run == "" {
			return mentioned
		}
	}
}
