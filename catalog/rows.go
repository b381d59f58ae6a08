package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"slipway/lifecycle"
)

// nextChange comes first in every commit: from there to the end of the transaction no other commit runs.
const nextChange = `UPDATE last_change SET number = number + 1 RETURNING number`

const insertChange = `
	INSERT INTO changes (number, mini_program, life, step, sequence, at, record, actor, request_id, outcome)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT DO NOTHING`

// A step of the present life follows the one before; of two lives the later one counts.
const putMiniProgram = `
	INSERT INTO mini_programs (change, id, life, revision, sequence, step, title, team, state, candidate_version,
		candidate_sha256, live_version, percent, due_at, overdue, updated_at, search, document, stage, standing)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
	ON CONFLICT (id) DO UPDATE SET
		change = excluded.change, life = excluded.life, revision = excluded.revision, sequence = excluded.sequence,
		step = excluded.step, title = excluded.title, team = excluded.team, state = excluded.state,
		candidate_version = excluded.candidate_version, candidate_sha256 = excluded.candidate_sha256,
		live_version = excluded.live_version, percent = excluded.percent, due_at = excluded.due_at, overdue = excluded.overdue,
		updated_at = excluded.updated_at, search = excluded.search, document = excluded.document,
		stage = excluded.stage, standing = excluded.standing
	WHERE excluded.life = mini_programs.life OR excluded.updated_at >= mini_programs.updated_at`

const countStep = `UPDATE mini_programs SET step = $1 WHERE id = $2 AND life = $3`

// Delivery reads a release again only when what users get is another.
const putRelease = `
	INSERT INTO releases (change, mini_program, serving) VALUES ($1, $2, $3)
	ON CONFLICT (mini_program) DO UPDATE SET change = excluded.change, serving = excluded.serving
	WHERE excluded.serving <> releases.serving`

// rows are the values of a commit; before each comes the change number.
type rows struct {
	change, miniProgram, release []any
	served                       []string // sha256s
}

func (c Commit) rows() (rows, error) {
	var e encoder
	serving := c.MiniProgram.Serving()
	rows := rows{change: c.changeRow(&e), miniProgram: c.miniProgramRow(&e), served: packagesOf(serving)}
	rows.release = []any{c.MiniProgram.ID, e.json(served(serving))}
	return rows, e.err
}

func (c Commit) changeRow(e *encoder) []any {
	at, actor := c.MiniProgram.UpdatedAt, ""
	var sequence, requestID any
	if c.Record != nil {
		at, sequence = c.Record.At, c.Record.Sequence
	}
	if c.Outcome != nil {
		at, actor = c.Outcome.At, storedText(c.Outcome.Actor)
		// An id that is too long was refused; nobody has to find its answer.
		if id := c.Outcome.RequestID; id != "" && len(id) <= lifecycle.MaxName {
			requestID = storedText(id)
		}
	}
	return []any{
		c.MiniProgram.ID, storedText(c.Life), c.Step, sequence, storedTime(at), e.json(c.Record), actor, requestID, e.json(c.Outcome),
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
	return []any{
		m.ID, storedText(c.Life), m.Revision, m.Sequence, c.Step, storedText(m.Title), storedText(m.Team), m.State,
		versionName(m.Candidate), sha256Of(m.Candidate), versionName(m.Live), percent, storedTime(due), m.Overdue(),
		storedTime(m.UpdatedAt), searchable(m.ID + "\n" + m.Title), e.json(m), stage, standing,
	}
}

// nothingAwaited stands for "no time" where times are sorted: behind all others, in both databases.
var nothingAwaited = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// searchable is a text as it is searched: without regard to case.
func searchable(text string) string { return strings.ToLower(storedText(text)) }

func versionName(v *lifecycle.Version) string {
	if v == nil {
		return ""
	}
	return storedText(v.Version)
}

func sha256Of(v *lifecycle.Version) string {
	if v == nil {
		return ""
	}
	return storedText(v.SHA256)
}

// served is what delivery needs to know; the rest of a version, such as its notes, would only slow its start.
func served(s lifecycle.Serving) lifecycle.Serving {
	slim := func(v lifecycle.Version) lifecycle.Version {
		return lifecycle.Version{Version: v.Version, SHA256: v.SHA256, MinPlatform: v.MinPlatform}
	}
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
