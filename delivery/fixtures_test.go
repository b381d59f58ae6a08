package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/leaktest"
	"slipway/lifecycle"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	leaktest.Main(m)
}

const (
	patience = 10 * time.Second
	glance   = 5 * time.Millisecond
)

var (
	newYear   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	developer = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	reviewer  = lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	operator  = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
)

// program is a mini-program that acts by the rules of the lifecycle and commits what its workflow would.
type program struct {
	lifecycle.MiniProgram
	t           testing.TB
	catalogue   *catalog.Catalog
	now         time.Time
	minPlatform int
}

// requested is a mini-program whose creation was approved on New Year, 2026. Each of its actions takes a minute.
func requested(t testing.TB, c *catalog.Catalog, id string) *program {
	t.Helper()
	creation := lifecycle.Creation{ID: id, Title: "Title", Team: "acme", Actor: developer}
	m, record, refusal := lifecycle.NewMiniProgram(creation, newYear, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	p := &program{MiniProgram: m, t: t, catalogue: c, now: newYear}
	p.commit(record)
	p.does(reviewer, lifecycle.ApproveCreation)
	return p
}

func (p *program) does(actor lifecycle.Actor, action lifecycle.Action, details ...func(*lifecycle.Command)) {
	p.t.Helper()
	p.now = p.now.Add(time.Minute)
	command := lifecycle.Command{Action: action, Actor: actor, Comment: "because"}
	for _, detail := range details {
		detail(&command)
	}
	after, record, refusal := p.Decide(command, lifecycle.Facts{MinPlatform: p.minPlatform}, p.now, lifecycle.DefaultSettings())
	require.Nil(p.t, refusal)
	p.MiniProgram = after
	p.commit(record)
}

func (p *program) commit(record lifecycle.Record) {
	p.t.Helper()
	_, err := p.catalogue.Commit(context.Background(), catalog.Commit{Life: "life-1", Step: p.Sequence, MiniProgram: p.MiniProgram, Record: &record})
	require.NoError(p.t, err)
}

// rollsOut leads a version to its grayscale release for this percentage of the users, and for the testers.
func (p *program) rollsOut(version string, percent int, testers ...string) {
	p.t.Helper()
	p.rollsOutAs(version, sumOf(content(p.ID, version)), percent, testers...)
}

func (p *program) rollsOutAs(version, sum string, percent int, testers ...string) {
	p.t.Helper()
	p.does(developer, lifecycle.UploadCode, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: version, SHA256: sum}
	})
	p.does(developer, lifecycle.RequestPublishing)
	p.does(reviewer, lifecycle.ApprovePublishing)
	p.does(developer, lifecycle.Publish, func(c *lifecycle.Command) {
		c.Plan = &lifecycle.Plan{
			Grayscale:  lifecycle.Grayscale{Percent: lifecycle.WholePercent(percent), Testers: testers, Bake: lifecycle.Duration(time.Hour)},
			Production: []lifecycle.Stage{{Percent: lifecycle.Everyone}},
		}
	})
}

// publishes makes a version live for everyone.
func (p *program) publishes(version string) {
	p.t.Helper()
	p.publishesAs(version, sumOf(content(p.ID, version)))
}

func (p *program) publishesAs(version, sum string) {
	p.t.Helper()
	p.rollsOutAs(version, sum, 5)
	p.completes()
}

// completes leads the rollout to its end.
func (p *program) completes() {
	p.t.Helper()
	p.does(developer, lifecycle.Promote)
	p.does(lifecycle.Timers, lifecycle.Advance)
	require.Equal(p.t, lifecycle.Published, p.State)
}

// content stands for the package of a version.
func content(id, version string) string { return fmt.Sprintf("the package %s of %s", version, id) }

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// someone is a user of whom it is known whether the version is for them when it is for this percentage.
func someone(id, version string, percent int, inside bool) string {
	for i := 0; ; i++ {
		user := fmt.Sprintf("user-%d", i)
		if lifecycle.InCohort(id, version, user, lifecycle.WholePercent(percent)) == inside {
			return user
		}
	}
}

// open opens a snapshot until the end of the test.
func open(t testing.TB, source Source, options Options) *Snapshot {
	t.Helper()
	s, stop, err := openUntil(t, source, options)
	require.NoError(t, err)
	t.Cleanup(stop)
	return s
}

// openUntil opens a snapshot until stop, at the latest until the end of the test.
func openUntil(t testing.TB, source Source, options Options) (s *Snapshot, stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err = Open(ctx, source, options)
	stop = func() {
		cancel()
		if s != nil {
			<-s.Done()
		}
	}
	t.Cleanup(stop)
	return s, stop, err
}

// caughtUp waits until the snapshot knows all that was committed.
func caughtUp(t testing.TB, s *Snapshot, c *catalog.Catalog) {
	t.Helper()
	last, err := c.LastChange(context.Background())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Change() >= last }, patience, glance)
}

// gets words what a user gets.
func gets(s *Snapshot, id, user string, platform int) string {
	d := s.Evaluate(id, user, platform)
	return fmt.Sprintf("%s %s (%s, %s)", d.Variant, versionOf(d), d.Rule, d.Rule.Reason())
}

func versionOf(d Decision) string {
	if d.Package == nil {
		return ""
	}
	return d.Package.Version
}

// outage is a source that can be cut off, as when the database is down.
type outage struct {
	Source
	down atomic.Bool
}

var errDown = errors.New("the database is down")

func (o *outage) Wait(ctx context.Context, after int64) (int64, error) {
	if o.down.Load() {
		return 0, errDown
	}
	return o.Source.Wait(ctx, after)
}

func (o *outage) LastChange(ctx context.Context) (int64, error) {
	if o.down.Load() {
		return 0, errDown
	}
	return o.Source.LastChange(ctx)
}

func (o *outage) Releases(ctx context.Context, after int64, handle func([]catalog.Release)) error {
	if o.down.Load() {
		return errDown
	}
	return o.Source.Releases(ctx, after, handle)
}

func emptyCatalogue(t testing.TB) *catalog.Catalog {
	return catalogtest.Open(t, catalogtest.SQLite(t))
}

// emptyCatalogueWith has a mini-program of which nothing is served.
func emptyCatalogueWith(t testing.TB, id string) *catalog.Catalog {
	c := emptyCatalogue(t)
	requested(t, c, id)
	return c
}
