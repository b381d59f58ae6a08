package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"slipway/database"
	"slipway/lifecycle"
)

// Commit is what one step of a mini-program leaves behind.
type Commit struct {
	// Life tells the lives of one id apart: a rejected id may be requested anew, and its revisions start at 1 again.
	Life string
	// Step counts the commits of a life, from 1. A retry keeps its step.
	Step int
	// MiniProgram is what it is after the step.
	MiniProgram lifecycle.MiniProgram
	// Record is nil when nothing was accepted, Outcome when nobody asked.
	Record  *lifecycle.Record
	Outcome *lifecycle.Outcome
	// Quota holds back a review that is expedited beyond it; nil for none.
	Quota *Quota
	// Line is what it needs of the line.
	Line Line
}

var (
	// ErrStepTaken says that the catalogue knows this step or a later one, whatever they contain: what is stored stays, see Stored.
	ErrStepTaken = errors.New("this step was committed before")
	// ErrLifeGoesOn refuses the beginning of a life of an id whose present life has not ended.
	ErrLifeGoesOn = errors.New("the present life of this id has not ended")
)

// Gap is what the catalogue had lost before a commit, as happens when an older backup was restored: Restored records were filled in
// from the mini-program's timeline, Lost ones were no longer in it.
type Gap struct{ Restored, Lost int }

// Commit writes the step in one transaction, or nothing: ErrStepTaken, ErrLifeGoesOn, *QuotaUsedError, *LineError. After an error that is
// none of these nor ErrInvalid the step may or may not have been written; commit it again.
func (c *Catalog) Commit(ctx context.Context, commit Commit) (Gap, error) {
	if err := commit.validate(); err != nil {
		return Gap{}, err
	}
	rows, err := commit.rows()
	var gap Gap
	if err == nil {
		begin := time.Now()
		err = c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			gap, err = c.statements.write(ctx, tx, commit, rows)
			return err
		})
		c.metrics.observe(time.Since(begin), err)
	}
	if err != nil {
		return Gap{}, fmt.Errorf("commit step %d of %s: %w", commit.Step, commit.MiniProgram.ID, err)
	}
	c.db.Notify()
	return gap, nil
}

func (c Commit) validate() error {
	m := c.MiniProgram
	switch {
	case lifecycle.ValidateID(m.ID) != nil:
		return fmt.Errorf("%w commit: %s", ErrInvalid, lifecycle.ValidateID(m.ID).Message)
	case c.Life == "":
		return fmt.Errorf("%w commit of %s: the life is missing", ErrInvalid, m.ID)
	case c.Step < 1:
		return fmt.Errorf("%w commit of %s: the step is %d; steps count from 1", ErrInvalid, m.ID, c.Step)
	case c.Record != nil && (c.Record.Sequence != m.Sequence || c.Record.Revision != m.Revision):
		return fmt.Errorf("%w commit of %s: the record of sequence %d, revision %d does not lead to sequence %d, revision %d",
			ErrInvalid, m.ID, c.Record.Sequence, c.Record.Revision, m.Sequence, m.Revision)
	default:
		return nil
	}
}

func (s statements) write(ctx context.Context, tx *sql.Tx, commit Commit, rows rows) (Gap, error) {
	number, err := s.next(ctx, tx)
	if err != nil {
		return Gap{}, err
	}
	before, err := s.placeOf(ctx, tx, commit.MiniProgram.ID)
	if err == nil {
		err = commit.follows(before)
	}
	if err == nil && before.erased > 0 {
		commit, rows, err = s.erased.without(ctx, tx, before.erased, commit)
	}
	if err != nil {
		return Gap{}, err
	}
	number, gap, err := s.fillGap(ctx, tx, number, commit, before)
	if err != nil {
		return gap, err
	}
	isNew, err := s.append(ctx, tx, number, rows.change)
	if err == nil && !isNew {
		err = ErrStepTaken
	}
	if err == nil {
		err = commit.noteExpedited(ctx, tx)
	}
	if err == nil {
		err = commit.checkLine(ctx, tx)
	}
	if err != nil {
		return gap, err
	}
	return gap, s.writeState(ctx, tx, number, commit, rows, gap)
}

// writeState writes where the mini-program stands after the step, which a refusal leaves as it was, unless the catalogue was behind.
func (s statements) writeState(ctx context.Context, tx *sql.Tx, number int64, commit Commit, rows rows, gap Gap) error {
	if commit.Record == nil && gap == (Gap{}) {
		countStep := tx.StmtContext(ctx, s.countStep) //nolint:sqlclosecheck // lives as long as the transaction
		_, err := countStep.ExecContext(ctx, commit.Step, commit.MiniProgram.ID, database.Text(commit.Life))
		return err
	}
	isNewest, err := put(ctx, tx.StmtContext(ctx, s.putMiniProgram), number, rows.miniProgram)
	if err != nil || !isNewest {
		return err
	}
	isAnother, err := put(ctx, tx.StmtContext(ctx, s.putRelease), number, rows.release)
	if err != nil || !isAnother && commit.MiniProgram.Suspension == nil {
		return err
	}
	return noteServed(ctx, tx, commit.MiniProgram, rows.served)
}

// next is the number of a change. From there to the end of the transaction no other commit runs.
func (s statements) next(ctx context.Context, tx *sql.Tx) (number int64, err error) {
	statement := tx.StmtContext(ctx, s.nextChange) //nolint:sqlclosecheck // lives as long as the transaction
	return number, statement.QueryRowContext(ctx).Scan(&number)
}

// place is how far the catalogue knows a mini-program; the zero value is one that it does not know.
type place struct {
	life           string
	step, sequence int
	state          lifecycle.State
	// erased is with which change a name was erased last; 0 when none ever was.
	erased int64
}

const selectPlace = `
	SELECT coalesce(present.life, ''), coalesce(present.step, 0), coalesce(present.sequence, 0), coalesce(present.state, ''), (` +
	selectErased + `) FROM (SELECT 1) AS one LEFT JOIN mini_programs AS present ON present.id = $1`

func (s statements) placeOf(ctx context.Context, tx *sql.Tx, id string) (place, error) {
	var p place
	statement := tx.StmtContext(ctx, s.place) //nolint:sqlclosecheck // lives as long as the transaction
	return p, statement.QueryRowContext(ctx, id).Scan(&p.life, &p.step, &p.sequence, &p.state, &p.erased)
}

// follows tells whether the step may be taken from there.
func (c Commit) follows(before place) error {
	begins := c.Record != nil && c.Record.Sequence == 1
	switch {
	case before.life == database.Text(c.Life) && c.Step <= before.step:
		return ErrStepTaken
	case before.life != database.Text(c.Life) && begins && before.state != "" && !before.state.Final():
		return ErrLifeGoesOn
	default:
		return nil
	}
}

// put writes one row, which begins with the change number, and tells whether the statement had an effect.
func put(ctx context.Context, statement *sql.Stmt, number int64, row []any) (bool, error) {
	result, err := statement.ExecContext(ctx, append([]any{number}, row...)...)
	if err != nil {
		return false, err
	}
	written, err := result.RowsAffected()
	return written > 0, err
}

// fillGap writes the records that are missing between what the catalogue knows and the step, as far as the timeline of the
// mini-program has them, and returns the change number that is left for the step itself.
//
// There is a gap only after an older catalogue was restored. A refusal fills it as well: whoever was refused looks at where the
// mini-program stands.
func (s statements) fillGap(ctx context.Context, tx *sql.Tx, number int64, commit Commit, before place) (int64, Gap, error) {
	known := before.sequence
	if before.life != database.Text(commit.Life) {
		known = 0
	}
	if commit.before() <= known {
		return number, Gap{}, nil
	}
	gap := Gap{Lost: commit.before() - known}
	for _, missing := range commit.missing(known) {
		isNew, err := s.append(ctx, tx, number, missing)
		if err != nil {
			return number, gap, err
		}
		if !isNew { // an outcome that was kept has its step
			continue
		}
		gap.Restored, gap.Lost = gap.Restored+1, gap.Lost-1
		if number, err = s.next(ctx, tx); err != nil {
			return number, gap, err
		}
	}
	return number, gap, commit.restoreExpedited(ctx, tx, known)
}

// before is the sequence of the last record before the step.
func (c Commit) before() int {
	if c.Record == nil {
		return c.MiniProgram.Sequence
	}
	return c.Record.Sequence - 1
}

// missing are the rows of the records above a sequence that the timeline still has. There was at least one step for each of them.
func (c Commit) missing(known int) []appended {
	var e encoder
	var rows []appended
	for _, transition := range c.MiniProgram.Transitions {
		if transition.Sequence <= known || transition.Sequence > c.before() {
			continue
		}
		record := lifecycle.Record{Transition: transition, Restored: true}
		if transition.Sequence == c.MiniProgram.Sequence {
			record.Serving = c.MiniProgram.Serving() // of the newest it is known
		}
		rows = append(rows, Commit{
			Life: c.Life, Step: c.Step - 1 - (c.before() - transition.Sequence), MiniProgram: c.MiniProgram, Record: &record,
		}.changeRow(&e))
	}
	return rows
}

// metrics are about the commits of this process.
type metrics struct {
	commits   *prometheus.HistogramVec
	conflicts prometheus.Counter
}

// How a commit ends: written, refused for what is stored already, or with an error.
const (
	resultCommitted = "committed"
	resultRefused   = "refused"
	resultFailed    = "failed"
)

func newMetrics() metrics {
	m := metrics{
		commits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "slipway_commit_seconds", Help: "How long commits of mini-programs took, by result, the wait for a connection included.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"result"}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "slipway_step_conflicts_total",
			Help: "Commits of a step that the catalogue knew already: a task was done twice, or workflow and catalogue differ.",
		}),
	}
	for _, result := range []string{resultCommitted, resultRefused, resultFailed} {
		m.commits.WithLabelValues(result)
	}
	return m
}

func (m metrics) observe(took time.Duration, err error) {
	result := resultFailed
	switch {
	case err == nil:
		result = resultCommitted
	case errors.Is(err, ErrStepTaken):
		m.conflicts.Inc()
		result = resultRefused
	case errors.Is(err, ErrLifeGoesOn), isQuotaUsed(err), isLineError(err):
		result = resultRefused
	}
	m.commits.WithLabelValues(result).Observe(took.Seconds())
}
