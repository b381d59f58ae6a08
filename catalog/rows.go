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
	INSERT INTO changes (number, mini_program, first_run_id, revision, step, at, record, request_id, outcome)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
	ON CONFLICT (mini_program, first_run_id, revision, step) DO NOTHING`

// Of one life the newest step counts, of two lives the later one. A step that shows nothing new leaves the row alone.
const putMiniProgram = `
	INSERT INTO mini_programs (change, id, first_run_id, revision, step, title, team, state, candidate_version,
		candidate_sha256, live_version, percent, due_at, overdue, updated_at, search, status)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
	ON CONFLICT (id) DO UPDATE SET
		change = excluded.change, first_run_id = excluded.first_run_id, revision = excluded.revision, step = excluded.step,
		title = excluded.title, team = excluded.team, state = excluded.state,
		candidate_version = excluded.candidate_version, candidate_sha256 = excluded.candidate_sha256,
		live_version = excluded.live_version, percent = excluded.percent, due_at = excluded.due_at, overdue = excluded.overdue,
		updated_at = excluded.updated_at, search = excluded.search, status = excluded.status
	WHERE CASE WHEN excluded.first_run_id = mini_programs.first_run_id
		THEN (excluded.revision, excluded.step) > (mini_programs.revision, mini_programs.step) AND excluded.status <> mini_programs.status
		ELSE excluded.updated_at >= mini_programs.updated_at END`

// Delivery reads a release again only when what users get is another.
const putRelease = `
	INSERT INTO releases (change, mini_program, serving) VALUES ($1, $2, $3)
	ON CONFLICT (mini_program) DO UPDATE SET change = excluded.change, serving = excluded.serving
	WHERE excluded.serving <> releases.serving`

// rows are the values of a commit; before each comes the change number. miniProgram is nil when there is no mini-program
// because its creation was refused.
type rows struct {
	change, miniProgram, release []any
	served                       []string // sha256s
}

func (c Commit) rows() (rows, error) {
	var e encoder
	rows := rows{
		change: c.changeRow(&e), miniProgram: c.miniProgramRow(&e),
		release: []any{c.Status.ID, e.json(served(c.Serving))}, served: packagesOf(c.Serving),
	}
	if c.Status.Revision == 0 {
		rows.miniProgram = nil
	}
	return rows, e.err
}

func (c Commit) changeRow(e *encoder) []any {
	at := c.Status.UpdatedAt
	var requestID any
	if c.Outcome != nil {
		at = c.Outcome.At
		// An id that is too long was refused; nobody has to find its answer.
		if id := c.Outcome.RequestID; id != "" && len(id) <= lifecycle.MaxName {
			requestID = storedText(id)
		}
	}
	return []any{
		c.Status.ID, storedText(c.FirstRunID), c.Status.Revision, c.Step, storedTime(at), e.json(c.Record), requestID, e.json(c.Outcome),
	}
}

func (c Commit) miniProgramRow(e *encoder) []any {
	s := c.Status
	due, percent := nothingAwaited, lifecycle.Percent(0)
	if s.DueAt != nil {
		due = *s.DueAt
	}
	if s.Rollout != nil {
		percent = s.Rollout.Percent
	}
	return []any{
		s.ID, storedText(c.FirstRunID), s.Revision, c.Step, storedText(s.Title), storedText(s.Team), s.State,
		versionName(s.Candidate), sha256Of(s.Candidate), versionName(s.Live), percent, storedTime(due), s.Review != nil && s.Review.Overdue,
		storedTime(s.UpdatedAt), searchable(s.ID + "\n" + s.Title), e.json(s),
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
