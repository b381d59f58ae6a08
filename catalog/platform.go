package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"slipway/audit"
	"slipway/database"
	"slipway/lifecycle"
)

// PlatformID stands where changes name their mini-program for what was done to the platform. No mini-program can have it.
const PlatformID = audit.PlatformID

// platformLife is the only life of the platform.
const platformLife = "platform"

// Line is what a commit needs of the line.
type Line int

const (
	// AnyLine needs nothing.
	AnyLine Line = iota
	// MovingLine needs one that is not stopped.
	MovingLine
	// StoppedLine needs one that is stopped.
	StoppedLine
)

// LineError refuses a commit that needs another line; nothing is written.
type LineError struct {
	// Stop is why the line is stopped; nil when it is not.
	Stop *lifecycle.Stop
}

func (e *LineError) Error() string {
	if e.Stop == nil {
		return "the line is not stopped"
	}
	return "the line is stopped: " + e.Stop.Reason
}

func isLineError(err error) bool {
	_, is := errors.AsType[*LineError](err)
	return is
}

// checkLine reads the platform in the transaction of the commit, behind every stop that was committed before.
func (c Commit) checkLine(ctx context.Context, tx *sql.Tx) error {
	if c.Line == AnyLine {
		return nil
	}
	_, platform, err := readPlatform(tx.QueryRowContext(ctx, selectPlatform))
	if err != nil || (platform.Stop != nil) == (c.Line == StoppedLine) {
		return err
	}
	return &LineError{platform.Stop}
}

const selectPlatform = `SELECT step, document FROM platform`

func readPlatform(row interface{ Scan(...any) error }) (step int, platform lifecycle.Platform, err error) {
	var text sql.NullString
	if err = row.Scan(&step, &text); err != nil {
		return step, platform, err
	}
	found, err := decode[lifecycle.Platform](text)
	if err != nil || found == nil {
		return step, platform, fmt.Errorf("read the stored platform: %w", err)
	}
	return step, *found, nil
}

// Platform reads how the platform stands, and the last step of it.
func (c *Catalog) Platform(ctx context.Context) (platform lifecycle.Platform, step int, err error) {
	err = database.Each(ctx, c.db.Select(selectPlatform), func(rows *sql.Rows) (err error) {
		step, platform, err = readPlatform(rows)
		return err
	})
	if err != nil {
		return platform, step, fmt.Errorf("read the platform: %w", err)
	}
	return platform, step, nil
}

// PlatformCommit is what one step of the platform leaves behind.
type PlatformCommit struct {
	// Step counts the commits of the platform, from 1.
	Step     int
	Platform lifecycle.Platform
	// Record is nil when nothing was accepted.
	Record  *lifecycle.Record
	Outcome lifecycle.Outcome
}

// CommitPlatform writes the step in one transaction, or nothing: ErrStepTaken says that another one was faster.
func (c *Catalog) CommitPlatform(ctx context.Context, commit PlatformCommit) error {
	err := c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error { return c.statements.writePlatform(ctx, tx, commit) })
	if err != nil {
		return fmt.Errorf("commit step %d of the platform: %w", commit.Step, err)
	}
	c.db.Notify()
	return nil
}

func (s statements) writePlatform(ctx context.Context, tx *sql.Tx, commit PlatformCommit) error {
	number, err := s.next(ctx, tx)
	if err == nil {
		commit, err = s.erased.withoutInPlatform(ctx, tx, commit)
	}
	if err != nil {
		return err
	}
	var e encoder
	change := Commit{
		Life: platformLife, Step: commit.Step, MiniProgram: lifecycle.MiniProgram{ID: PlatformID},
		Record: commit.Record, Outcome: &commit.Outcome,
	}.changeRow(&e)
	document := e.json(commit.Platform)
	if e.err != nil {
		return e.err
	}
	result, err := tx.ExecContext(ctx, `UPDATE platform SET step = $1, document = $2 WHERE step = $3`, commit.Step, document, commit.Step-1)
	if err != nil {
		return err
	}
	if written, err := result.RowsAffected(); err != nil || written == 0 {
		return errors.Join(err, ErrStepTaken)
	}
	isNew, err := s.append(ctx, tx, number, change)
	if err == nil && !isNew {
		err = ErrStepTaken
	}
	return err
}

// PlatformRequest reads what came of a user's request to the platform; answered is false when it has no outcome (yet). Of one that is
// forgotten it is still known whether it was done.
func (c *Catalog) PlatformRequest(ctx context.Context, user, requestID string) (outcome lifecycle.Outcome, answered bool, err error) {
	outcome, _, err = c.Outcome(ctx, PlatformID, user, requestID)
	if !errors.Is(err, ErrNotFound) {
		return outcome, err == nil, err
	}
	record, answered, err := c.Finished(ctx, PlatformID, platformLife, user, requestID, math.MaxInt32)
	if err != nil || !answered {
		return outcome, false, err
	}
	outcome = lifecycle.Outcome{RequestID: requestID, Actor: user, Code: lifecycle.IllegalInState, Actions: []lifecycle.Action{},
		Message: "this request was refused before; the reason has been forgotten"}
	if record != nil {
		outcome.Accepted, outcome.Code, outcome.Message = true, "", ""
		outcome.Action, outcome.State, outcome.Revision, outcome.At = record.Action, record.To, record.Revision, record.At
	}
	return outcome, true, nil
}

// What a release waits for that is due, as it is stored.
const (
	waitsForLine   = "line"
	waitsForWindow = "window"
)

func waitsFor(m lifecycle.MiniProgram) string {
	switch closure := m.Closure(); {
	case closure == nil:
		return ""
	case closure.Stopped:
		return waitsForLine
	default:
		return waitsForWindow
	}
}

// WaitingForLine lists mini-programs whose release is due and waits for the line: ids behind one, in order, at most limit.
func (c *Catalog) WaitingForLine(ctx context.Context, after string, limit int) ([]string, error) {
	statement := c.db.Select(`SELECT id FROM mini_programs WHERE waits_for = '` + waitsForLine + `' AND id > $1 ORDER BY id LIMIT $2`)
	return database.Collect(ctx, statement, func(row *sql.Rows) (id string, err error) {
		return id, row.Scan(&id)
	}, database.Text(after), limit)
}

// Waiting counts the releases that are due, by what they wait for.
func (c *Catalog) Waiting(ctx context.Context) (waiting lifecycle.PlatformWaiting, err error) {
	statement := c.db.Select(`SELECT waits_for, count(*) FROM mini_programs WHERE waits_for <> '' GROUP BY waits_for`)
	err = database.Each(ctx, statement, func(row *sql.Rows) error {
		var what string
		var count int
		err := row.Scan(&what, &count)
		switch what {
		case waitsForLine:
			waiting.Line = count
		case waitsForWindow:
			waiting.Window = count
		}
		return err
	})
	return waiting, err
}

// LineWatch knows whether the line is stopped, in the memory of whoever follows the catalogue and notes each change. The zero value knows
// nothing: Read first.
type LineWatch struct {
	stop atomic.Pointer[lifecycle.Stop]
}

// Stop is why the line is stopped; nil while it moves.
func (w *LineWatch) Stop() *lifecycle.Stop { return w.stop.Load() }

// Read looks where no change has told it.
func (w *LineWatch) Read(ctx context.Context, c *Catalog) error {
	platform, _, err := c.Platform(ctx)
	if err == nil {
		w.stop.Store(platform.Stop)
	}
	return err
}

// Note takes from a change whether the line is stopped.
func (w *LineWatch) Note(change Change) {
	t := change.Transition
	if change.ID != PlatformID || t == nil || t.From == t.To {
		return
	}
	var stop *lifecycle.Stop
	if t.To == lifecycle.LineStopped {
		stop = &lifecycle.Stop{By: t.Actor, At: t.At, Reason: t.Comment}
	}
	w.stop.Store(stop)
}
