package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// copyOf is a database file as it is now.
func copyOf(t *testing.T, file string) (copied string) {
	t.Helper()
	copied = filepath.Join(t.TempDir(), "backup.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(t.Context(), "VACUUM INTO ?", copied)
	require.NoError(t, err)
	return copied
}

// restore puts a backup in the place of the catalogue while nobody has it open; "" stands for an empty one.
func (p *platform) restore(file string) {
	p.t.Helper()
	p.stop(os.Interrupt)
	require.NoError(p.t, p.catalog.Close())
	database := filepath.Join(p.varDir, "slipway.db")
	for _, part := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(database + part); !os.IsNotExist(err) {
			require.NoError(p.t, err)
		}
	}
	if file != "" {
		require.NoError(p.t, os.Rename(file, database))
	}
	p.catalog, p.delivery = nil, nil
	p.start()
}

// restored counts the records that were filled in.
func (p *platform) restored(id string) (n int) {
	p.t.Helper()
	for _, record := range p.records(id) {
		if record.Restored {
			n++
		}
	}
	return n
}

// differed requires the difference of workflow and catalogue to be seen.
func (p *platform) differed(id string) {
	p.t.Helper()
	assert.Contains(p.t, p.details(id), "Workflow and catalogue differed")
	assert.Contains(p.t, p.output.String(), "workflow and catalogue differed")
}

func TestACatalogueRestoredFromBeforeIsFilledInByTheNextAction(t *testing.T) {
	p := install(t, inSQLite).start()
	accepted, refused, byItself := p.request("restore-accepted"), p.request("restore-refused"), p.request("restore-timer")
	ids := []string{accepted, refused, byItself}
	for _, id := range ids {
		p.approved(id, "1.0.0")
	}
	backup := copyOf(t, filepath.Join(p.varDir, "slipway.db"))
	before := map[string]lifecycle.Status{}
	for _, id := range ids {
		bake := time.Hour
		if id == byItself {
			bake = 4 * time.Second
		}
		p.do(id, lifecycle.Publish, developer, plan(bake))
		p.do(id, lifecycle.Pause, manager)
		p.do(id, lifecycle.Resume, manager)
		before[id] = p.agree(id)
	}
	p.restore(backup)
	p.fillsIn(accepted, before[accepted].Sequence, func() { p.do(accepted, lifecycle.Promote, manager) })
	assert.Equal(t, lifecycle.ProductionRelease, p.agree(accepted).State)
	p.fillsIn(refused, before[refused].Sequence, func() {
		assert.Equal(t, lifecycle.IllegalInState, p.try(refused, lifecycle.Advance, manager).Code)
	})
	p.do(refused, lifecycle.Suspend, operator)
	p.agree(refused)
	p.fillsIn(byItself, before[byItself].Sequence, func() { p.becomes(byItself, lifecycle.ProductionRelease) })
	for _, id := range ids {
		p.unharmed(id)
	}
}

// fillsIn requires that something that happens fills in all that the catalogue had lost, up to a sequence; three records at least.
func (p *platform) fillsIn(id string, sequence int, happens func()) {
	p.t.Helper()
	happens()
	said := p.agree(id)
	assert.GreaterOrEqual(p.t, said.Sequence, sequence, id)
	assert.Equal(p.t, sequence-5, p.restored(id), id)
	p.differed(id)
}

func TestAnEmptyCatalogueIsFilledInByTheNextAction(t *testing.T) {
	p := install(t, inSQLite).start()
	id, pending := p.request("restore-empty"), p.request("restore-pending")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	before := p.agree(id)
	p.restore("")
	repeated := p.try(pending, lifecycle.ApproveCreation, reviewer)
	assert.Equal(t, lifecycle.IllegalInState, repeated.Code)
	p.agree(pending)
	p.do(id, lifecycle.Pause, manager)
	after := p.agree(id)
	assert.Equal(t, before.Revision+1, after.Revision)
	assert.Equal(t, before.Sequence, p.restored(id))
	p.differed(id)
	p.terminate(id)
	assert.Equal(t, after.Revision, p.recover(id).Revision, "it can be recovered from there")
	p.agree(id)
}

// What the mini-program does not carry with it any more is lost, and that is said; everything else goes on.
func TestWhatTheWorkflowHasForgottenTooIsSaidToBeLost(t *testing.T) {
	p := install(t, inSQLite).start()
	id := p.request("restore-lost")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	for range lifecycle.MaxTransitions / 2 {
		p.do(id, lifecycle.Pause, manager)
		p.do(id, lifecycle.Resume, manager)
	}
	was := p.agree(id)
	p.restore("")
	p.do(id, lifecycle.SetGrayscale, manager, func(c *lifecycle.Command) { c.Percent = new(lifecycle.WholePercent(40)) })
	assert.Contains(t, p.details(id), "lost: 7")
	assert.Equal(t, lifecycle.MaxTransitions-1, p.restored(id))
	stored, _, err := p.catalog.Status(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, was.Revision+1, stored.Revision)
	p.eventually("users get it", func() bool { return p.delivered(id) == expected(stored) })
}
