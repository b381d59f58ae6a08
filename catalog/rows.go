package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// nextChange comes first in every commit: from there to the end of the transaction no other commit runs.
const nextChange = `UPDATE last_change SET number = number + 1 RETURNING number`

const insertChange = `
	INSERT INTO changes (number, mini_program, life, step, sequence, at, record, actor, request_id, outcome, previous, salt, content, hash)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
	ON CONFLICT DO NOTHING`

// A step of the present life follows the one before; of two lives the later one counts. Which that is the first step of a life need not
// show by its time, which a clock may have set that was put right since: a life begins only when the one before has ended.
const putMiniProgram = `
	INSERT INTO mini_programs (change, id, life, revision, sequence, step, title, team, state, candidate_version,
		candidate_sha256, live_version, percent, due_at, overdue, updated_at, search, document, stage, standing,
		turn, brief, assignee, queue_rank, open_roles, barred, waits_for)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)
	ON CONFLICT (id) DO UPDATE SET
		change = excluded.change, life = excluded.life, revision = excluded.revision, sequence = excluded.sequence,
		step = excluded.step, title = excluded.title, team = excluded.team, state = excluded.state,
		candidate_version = excluded.candidate_version, candidate_sha256 = excluded.candidate_sha256,
		live_version = excluded.live_version, percent = excluded.percent, due_at = excluded.due_at, overdue = excluded.overdue,
		updated_at = excluded.updated_at, search = excluded.search, document = excluded.document,
		stage = excluded.stage, standing = excluded.standing, turn = excluded.turn, brief = excluded.brief,
		assignee = excluded.assignee, queue_rank = excluded.queue_rank,
		open_roles = excluded.open_roles, barred = excluded.barred, waits_for = excluded.waits_for
	WHERE excluded.life = mini_programs.life OR excluded.step = 1 OR excluded.updated_at >= mini_programs.updated_at`

const countStep = `UPDATE mini_programs SET step = $1 WHERE id = $2 AND life = $3`

// Delivery reads a release again only when what users get is another, or what previews show. Each of the two has its change.
const putRelease = `
	INSERT INTO releases (change, mini_program, serving, candidate, candidate_since) VALUES ($1, $2, $3, $4, $1)
	ON CONFLICT (mini_program) DO UPDATE SET
		change = CASE WHEN excluded.serving <> releases.serving THEN excluded.change ELSE releases.change END,
		candidate_since = CASE WHEN excluded.candidate <> releases.candidate THEN excluded.change ELSE releases.candidate_since END,
		serving = excluded.serving, candidate = excluded.candidate
	WHERE excluded.serving <> releases.serving OR excluded.candidate <> releases.candidate`

// rows are the values of a commit; before each comes the change number.
type rows struct {
	change               appended
	miniProgram, release []any
	served               []string // sha256s
}

func (c Commit) rows() (rows, error) {
	var e encoder
	serving := c.MiniProgram.Serving()
	rows := rows{change: c.changeRow(&e), miniProgram: c.miniProgramRow(&e), served: packagesOf(serving)}
	rows.release = []any{c.MiniProgram.ID, e.json(served(serving)), e.candidate(c.MiniProgram)}
	return rows, e.err
}

func (c Commit) changeRow(e *encoder) appended {
	at, actor := c.MiniProgram.UpdatedAt, ""
	var sequence, requestID any
	if c.Record != nil {
		at, sequence = c.Record.At, c.Record.Sequence
	}
	if c.Outcome != nil {
		at, actor = c.Outcome.At, database.Text(c.Outcome.Actor)
		// An id that is too long was refused; nobody has to find its outcome.
		if id := c.Outcome.RequestID; id != "" && len(id) <= lifecycle.MaxName {
			requestID = database.Text(id)
		}
	}
	return appended{
		c.MiniProgram.ID, database.Text(c.Life), c.Step, sequence, database.Time(at), e.json(c.Record), actor, requestID, e.json(c.Outcome),
	}
}

func (c Commit) miniProgramRow(e *encoder) []any {
	m := c.MiniProgram
	due, percent := nothingAwaited, lifecycle.Percent(0)
	if at, ok := m.DueAt(); ok {
		due = at
	}
	if m.Rollout != nil {
		percent = m.Rollout.Percent()
	}
	stage, standing := rolloutColumns(m)
	openRoles, barred := deciders(m)
	return []any{
		m.ID, database.Text(c.Life), m.Revision, m.Sequence, c.Step, database.Text(m.Title), database.Text(m.Team), m.State,
		versionName(m.Candidate), sha256Of(m.Candidate), versionName(m.Live), percent, database.Time(due), m.Overdue(),
		database.Time(m.UpdatedAt), searchable(m.ID + "\n" + m.Title), e.json(m), stage, standing,
		string(m.Turn()), e.json(briefOf(m)), assigneeOf(m), queueRankOf(m), openRoles, barred, waitsFor(m),
	}
}

// nothingAwaited stands for "no time" where times are sorted: behind all others, in both databases.
var nothingAwaited = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// rolloutColumns are stage and standing of a mini-program as they are stored: NULL while it has no rollout.
func rolloutColumns(m lifecycle.MiniProgram) (stage, standing any) {
	switch {
	case m.Rollout == nil:
		return nil, nil
	case m.Rollout.Paused():
		return m.Rollout.Stage, string(Paused)
	case m.Closure() != nil:
		return m.Rollout.Stage, string(Frozen)
	case m.Rollout.Held != "":
		return m.Rollout.Stage, string(Held)
	default:
		return m.Rollout.Stage, string(Running)
	}
}

// briefOf is what lists show of a mini-program beside its columns; nil when there is nothing.
func briefOf(m lifecycle.MiniProgram) *Brief {
	brief := Brief{Attention: m.Attention()}
	if next := m.Next(); next != nil {
		brief.Next = next.Action
	}
	if m.Review != nil && len(m.Review.Steps) > 0 {
		brief.StepsLeft = m.Review.StepsLeft()
	}
	if m.Rollout != nil {
		brief.Stages = len(m.Rollout.Plan.Production)
		if m.Rollout.Health != nil {
			brief.Health = m.Rollout.Health.Status
		}
	}
	if brief.Next == "" && brief.Attention == nil {
		return nil
	}
	return &brief
}

func assigneeOf(m lifecycle.MiniProgram) string {
	if m.Review == nil {
		return ""
	}
	return database.Text(m.Review.Assignee)
}

// What was expedited comes before everything else.
const rankExpedited, rankUsual = 0, 1

func queueRankOf(m lifecycle.MiniProgram) int {
	if m.Review != nil && m.Review.Expedited {
		return rankExpedited
	}
	return rankUsual
}

// searchable is a text as it is searched: without regard to case.
func searchable(text string) string { return strings.ToLower(database.Text(text)) }

func versionName(v *lifecycle.Version) string {
	if v == nil {
		return ""
	}
	return database.Text(v.Version)
}

func sha256Of(v *lifecycle.Version) string {
	if v == nil {
		return ""
	}
	return database.Text(v.SHA256)
}

// served is what delivery needs to know; the rest of a version, such as its notes, would only slow its start.
func served(s lifecycle.Serving) lifecycle.Serving {
	if s.Live != nil {
		s.Live = new(slim(*s.Live))
	}
	if s.Candidate != nil {
		s.Candidate = new(slim(*s.Candidate))
	}
	previous := s.Previous
	s.Previous = nil
	for _, version := range previous {
		s.Previous = append(s.Previous, slim(version))
	}
	return s
}

func slim(v lifecycle.Version) lifecycle.Version {
	return lifecycle.Version{Version: v.Version, SHA256: v.SHA256, MinPlatform: v.MinPlatform}
}

// encoder turns values into JSON texts and remembers the first error.
type encoder struct{ err error }

// json is the JSON text of the value, or NULL for a nil pointer.
func (e *encoder) json(value any) any {
	text, err := json.Marshal(value)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if string(text) == "null" {
		return nil
	}
	return string(text)
}

// candidate is the version that previews show: the candidate in any state, but not what a suspension has taken back. "" is none.
func (e *encoder) candidate(m lifecycle.MiniProgram) any {
	if m.Candidate == nil || m.State == lifecycle.SuspendedByOp {
		return ""
	}
	return e.json(slim(*m.Candidate))
}

// decode reads a stored JSON text; NULL is nil.
func decode[T any](text sql.NullString) (*T, error) {
	if !text.Valid {
		return nil, nil
	}
	value := new(T)
	if err := json.Unmarshal([]byte(text.String), value); err != nil {
		return nil, err
	}
	return value, nil
}

// readOne reads a row that begins with a JSON text; what follows goes into more. The error is ErrNotFound when there is none.
func readOne[T any](ctx context.Context, statement database.Statement, more []any, args ...any) (*T, error) {
	var text sql.NullString
	err := database.One(ctx, statement, append([]any{&text}, more...), args...)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return decode[T](text)
}
