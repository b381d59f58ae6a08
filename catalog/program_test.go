package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
)

var (
	newYear   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	developer = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	reviewer  = lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}}
)

// program is a mini-program that acts by the rules of the lifecycle and tells what its workflow would commit.
type program struct {
	lifecycle.MiniProgram
	life string
	step int
	now  time.Time
	t    require.TestingT
	// review are the steps of its reviews; nil is a single one.
	review *lifecycle.ReviewPolicy
}

// requested is a mini-program whose creation is requested, with the commit that says so.
func requested(t require.TestingT, id, title, life string, now time.Time) (*program, catalog.Commit) {
	creation := lifecycle.Creation{ID: id, Title: title, Team: "acme", Actor: developer, RequestID: life + "/request-creation"}
	m, record, refusal := lifecycle.NewMiniProgram(creation, now, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	p := &program{MiniProgram: m, life: life, now: now, t: t}
	return p, p.accepted(record)
}

// do takes an action that is accepted, a minute later.
func (p *program) do(actor lifecycle.Actor, action lifecycle.Action, change ...func(*lifecycle.Command)) catalog.Commit {
	p.now = p.now.Add(time.Minute)
	command := lifecycle.Command{
		Action: action, Actor: actor, Comment: "because", RequestID: fmt.Sprintf("%s/%s-%d", p.life, action, p.Sequence+1),
	}
	for _, each := range change {
		each(&command)
	}
	settings := lifecycle.DefaultSettings()
	settings.Review = p.review
	after, record, refusal := p.Decide(command, lifecycle.Facts{MinPlatform: 3}, p.now, settings)
	require.Nil(p.t, refusal)
	p.MiniProgram = after
	return p.accepted(record)
}

func (p *program) accepted(record lifecycle.Record) catalog.Commit {
	p.step++
	outcome := p.Outcome(record.Command, nil, p.now)
	return catalog.Commit{Life: p.life, Step: p.step, MiniProgram: p.MiniProgram, Record: &record, Outcome: &outcome}
}

// refuse answers an action with a refusal.
func (p *program) refuse(requestID string) catalog.Commit {
	p.now, p.step = p.now.Add(time.Minute), p.step+1
	command := lifecycle.Command{Action: lifecycle.Publish, RequestID: requestID, Actor: developer}
	outcome := p.Outcome(command, lifecycle.Refuse(lifecycle.ForbiddenRole, "no"), p.now)
	return catalog.Commit{Life: p.life, Step: p.step, MiniProgram: p.MiniProgram, Outcome: &outcome}
}

// escalate notes that the review is overdue.
func (p *program) escalate() catalog.Commit {
	noted := p.do(lifecycle.Timers, lifecycle.Escalated)
	noted.Outcome = nil
	return noted
}

func (p *program) upload(version string) catalog.Commit {
	return p.do(developer, lifecycle.UploadCode, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: version, SHA256: strings.Repeat("ab", 32)}
	})
}

// release leads a version from the upload to the grayscale release.
func (p *program) release(version string) []catalog.Commit {
	return []catalog.Commit{
		p.upload(version), p.do(developer, lifecycle.RequestPublishing),
		p.do(reviewer, lifecycle.ApprovePublishing), p.do(developer, lifecycle.Publish),
	}
}

// publish leads the rollout to its end.
func (p *program) publish() []catalog.Commit {
	commits := []catalog.Commit{p.do(developer, lifecycle.Promote)}
	for p.State != lifecycle.Published {
		commits = append(commits, p.do(lifecycle.Timers, lifecycle.Advance))
	}
	return commits
}

func pauseOrResume(p *program) lifecycle.Action {
	if p.Rollout.Paused() {
		return lifecycle.Resume
	}
	return lifecycle.Pause
}

// tester is a test or a rapid check.
type tester interface {
	require.TestingT
	Context() context.Context
}

// commit commits one after the other; what is known stays.
func commit(t tester, c *catalog.Catalog, commits ...catalog.Commit) {
	for _, each := range commits {
		if _, err := c.Commit(t.Context(), each); !errors.Is(err, catalog.ErrStepTaken) {
			require.NoError(t, err)
		}
	}
}

// weather is a mini-program in state CodeUnavailable, committed.
func weather(t tester, c *catalog.Catalog) *program {
	p, first := requested(t, "weather", "Weather", "life-1", newYear)
	commit(t, c, first, p.do(reviewer, lifecycle.ApproveCreation))
	return p
}

func lastChange(t tester, c *catalog.Catalog) int64 {
	last, err := c.LastChange(t.Context())
	require.NoError(t, err)
	return last
}

func audit(t tester, c *catalog.Catalog, id string) []catalog.AuditEntry {
	entries, err := c.Audit(t.Context(), id, 0, 1000)
	require.NoError(t, err)
	return entries
}

func releases(t tester, c *catalog.Catalog, after int64) map[string]catalog.Release {
	all := map[string]catalog.Release{}
	var mu sync.Mutex
	require.NoError(t, c.Releases(t.Context(), after, func(some []catalog.Release) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range some {
			assert.NotContains(t, all, r.ID)
			all[r.ID] = r
		}
	}))
	return all
}

// snapshot is all that readers see of a mini-program, without change numbers.
func snapshot(t tester, c *catalog.Catalog, id string, commits ...catalog.Commit) map[string]any {
	status, _, err := c.Status(t.Context(), id)
	require.NoError(t, err)
	page, err := c.List(t.Context(), catalog.Filter{Query: id})
	require.NoError(t, err)
	seen := map[string]any{"status": status, "item": page.Items, "serving": releases(t, c, 0)[id].Serving}
	for _, entry := range audit(t, c, id) {
		seen[fmt.Sprintf("record %s %d", entry.Life, entry.Record.Sequence)] = entry.Record
	}
	for _, each := range commits {
		if each.Outcome != nil {
			outcome, _, err := c.Outcome(t.Context(), id, each.Outcome.Actor, each.Outcome.RequestID)
			require.NoError(t, err)
			seen["outcome "+outcome.RequestID] = outcome
		}
	}
	return seen
}
