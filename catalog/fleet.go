package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// FleetAct is one action on many mini-programs, as it was asked for and as far as it has come.
type FleetAct struct {
	ID      string
	BegunAt time.Time
	Matched int
	FleetRequest
	// CancelledBy is who stopped it; "" when nobody did. EndedAt is nil while it goes on.
	CancelledBy string
	EndedAt     *time.Time
}

// FleetRequest is what somebody asked for. Command has the person, and no request id.
type FleetRequest struct {
	Action  lifecycle.Action    `json:"action"`
	Command lifecycle.Command   `json:"command"`
	Where   lifecycle.Selection `json:"where"`
}

// FleetStanding is how far an act has come with one mini-program.
type FleetStanding string

// A command that was sent is recorded, and was not answered yet.
const (
	FleetWaiting  FleetStanding = "waiting"
	FleetSent     FleetStanding = "sent"
	FleetAccepted FleetStanding = "accepted"
	FleetRefused  FleetStanding = "refused"
)

// FleetAnswer is what one mini-program answered; Outcome is nil as long as it did not.
type FleetAnswer struct {
	MiniProgram string
	Team        string
	Standing    FleetStanding
	Outcome     *lifecycle.Outcome
}

// FleetCounts says how many mini-programs of an act stand how, and why those that refused did.
type FleetCounts struct {
	Waiting  int `json:"waiting"`
	Sent     int `json:"sent"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	// ByCode counts the refusals.
	ByCode map[lifecycle.Code]int `json:"by_code"`
}

// Answered is how many have answered.
func (c FleetCounts) Answered() int { return c.Accepted + c.Refused }

// fleetBatch is how many rows are read, written or forgotten at a time.
const fleetBatch = 500

// ChooseForFleet hands over every mini-program that a person of the teams may see (nil for all teams) and that the selection chooses at a
// time, by id.
func (c *Catalog) ChooseForFleet(
	ctx context.Context, where lifecycle.Selection, teams []string, now time.Time, handle func(lifecycle.MiniProgram) error,
) error {
	for after := ""; ; {
		q := &database.Builder{}
		q.Add(`SELECT id, document FROM mini_programs WHERE id > ?`, after)
		database.AddOneOf(q, "state", where.States)
		database.AddOneOf(q, "team", where.Teams)
		database.AddOneOf(q, "team", teams)
		if where.Version != "" {
			q.Add(" AND (candidate_version = ? OR live_version = ?)", database.Text(where.Version), database.Text(where.Version))
		}
		q.Add(" ORDER BY id LIMIT ?", fleetBatch)
		found := 0
		err := database.Each(ctx, c.db.Select(q.String()), func(row *sql.Rows) error {
			found++
			m, err := scanDocument(row, &after)
			if err == nil && where.Chooses(m, now) {
				err = handle(m)
			}
			return err
		}, q.Args...)
		if err != nil || found < fleetBatch {
			return err
		}
	}
}

func scanDocument(row *sql.Rows, id *string) (lifecycle.MiniProgram, error) {
	var text sql.NullString
	if err := row.Scan(id, &text); err != nil {
		return lifecycle.MiniProgram{}, err
	}
	m, err := decode[lifecycle.MiniProgram](text)
	if err != nil {
		return lifecycle.MiniProgram{}, fmt.Errorf("read mini-program %q: %w", *id, err)
	}
	return *m, nil
}

// BeginFleet keeps an act with the mini-programs that are chosen for it and their teams, whole or not at all. An act that is there already
// stays as it is. The commits of others wait for it on SQLite alone: 0.7 to 1.3 s for MaxFleet mini-programs.
func (c *Catalog) BeginFleet(ctx context.Context, act FleetAct, chosen []FleetAnswer) error {
	err := c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		added, err := addFleet(ctx, tx, act, len(chosen))
		if err != nil || added == 0 {
			return err
		}
		return choose(ctx, tx, act.ID, chosen)
	})
	if err != nil {
		return fmt.Errorf("begin fleet act %q: %w", act.ID, err)
	}
	return nil
}

func addFleet(ctx context.Context, tx *sql.Tx, act FleetAct, matched int) (added int64, err error) {
	var e encoder
	request := e.json(act.FleetRequest)
	if e.err != nil {
		return 0, e.err
	}
	begun, err := tx.ExecContext(ctx, `INSERT INTO fleet_acts (id, begun_by, begun_at, action, matched, request)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		act.ID, database.Text(act.Command.Actor.User), database.Time(act.BegunAt), string(act.Action), matched, request)
	if err != nil {
		return 0, err
	}
	return begun.RowsAffected()
}

// choose writes down whom an act is about.
func choose(ctx context.Context, tx *sql.Tx, act string, chosen []FleetAnswer) error {
	// An act that was forgotten, or never came to be in an earlier version of this program, may have left answers.
	if _, err := tx.ExecContext(ctx, `DELETE FROM fleet_answers WHERE act = $1`, act); err != nil {
		return err
	}
	for batch := range slices.Chunk(chosen, fleetBatch) {
		q := &database.Builder{}
		for i, each := range batch {
			q.Add(when(i == 0, "INSERT INTO fleet_answers (act, mini_program, team, standing) VALUES (?, ?, ?, 'waiting')",
				", (?, ?, ?, 'waiting')"), act, each.MiniProgram, each.Team)
		}
		if _, err := tx.ExecContext(ctx, q.String(), q.Args...); err != nil {
			return err
		}
	}
	return nil
}

func when[T any](is bool, then, otherwise T) T {
	if is {
		return then
	}
	return otherwise
}

const selectFleet = `SELECT id, begun_at, matched, request, cancelled_by, ended_at FROM fleet_acts`

// Fleet reads an act. The error is ErrNotFound when there is none.
func (c *Catalog) Fleet(ctx context.Context, id string) (FleetAct, error) {
	acts, err := database.Collect(ctx, c.db.Select(selectFleet+` WHERE id = $1`), scanFleet, database.Text(id))
	if err == nil && len(acts) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return FleetAct{}, fmt.Errorf("fleet act %q: %w", id, err)
	}
	return acts[0], nil
}

// Fleets lists acts, the newest first: those that a user began, or all for "". Before is the id of the last one of the page before, "" for
// the first page.
func (c *Catalog) Fleets(ctx context.Context, user, before string, limit int) ([]FleetAct, error) {
	q := &database.Builder{}
	q.Add(selectFleet + ` WHERE TRUE`)
	if user != "" {
		q.Add(` AND begun_by = ?`, database.Text(user))
	}
	if before != "" {
		q.Add(` AND (begun_at, id) < (SELECT last.begun_at, last.id FROM fleet_acts AS last WHERE last.id = ?)`, database.Text(before))
	}
	q.Add(` ORDER BY begun_at DESC, id DESC LIMIT ?`, limit)
	return database.Collect(ctx, c.db.Select(q.String()), scanFleet, q.Args...)
}

func scanFleet(row *sql.Rows) (act FleetAct, err error) {
	var request sql.NullString
	if err := row.Scan(&act.ID, &act.BegunAt, &act.Matched, &request, &act.CancelledBy, &act.EndedAt); err != nil {
		return act, err
	}
	read, err := decode[FleetRequest](request)
	if err != nil {
		return act, fmt.Errorf("read fleet act %q: %w", act.ID, err)
	}
	act.FleetRequest, act.BegunAt = *read, act.BegunAt.UTC()
	act.Command.Action = act.Action
	if act.EndedAt != nil {
		act.EndedAt = new(act.EndedAt.UTC())
	}
	return act, nil
}

// CountFleet counts the answers of an act.
func (c *Catalog) CountFleet(ctx context.Context, id string) (FleetCounts, error) {
	counts := FleetCounts{ByCode: map[lifecycle.Code]int{}}
	of := map[FleetStanding]*int{
		FleetWaiting: &counts.Waiting, FleetSent: &counts.Sent, FleetAccepted: &counts.Accepted, FleetRefused: &counts.Refused,
	}
	statement := c.db.Select(`SELECT standing, code, count(*) FROM fleet_answers WHERE act = $1 GROUP BY standing, code`)
	err := database.Each(ctx, statement, func(row *sql.Rows) error {
		var standing FleetStanding
		var code lifecycle.Code
		var number int
		err := row.Scan(&standing, &code, &number)
		if total := of[standing]; err == nil && total != nil {
			*total += number
		}
		if code != "" {
			counts.ByCode[code] += number
		}
		return err
	}, database.Text(id))
	return counts, err
}

// FleetAnswers reads the answers of an act that stand in one of the ways (any when there is none), by id: those after a mini-program, at
// most limit.
func (c *Catalog) FleetAnswers(
	ctx context.Context, id string, standings []FleetStanding, after string, limit int,
) ([]FleetAnswer, error) {
	q := &database.Builder{}
	q.Add(`SELECT mini_program, team, standing, outcome FROM fleet_answers WHERE act = ? AND mini_program > ?`,
		database.Text(id), database.Text(after))
	database.AddOneOf(q, "standing", standings)
	q.Add(` ORDER BY mini_program LIMIT ?`, limit)
	return database.Collect(ctx, c.db.Select(q.String()), func(row *sql.Rows) (answer FleetAnswer, err error) {
		var outcome sql.NullString
		if err = row.Scan(&answer.MiniProgram, &answer.Team, &answer.Standing, &outcome); err == nil {
			answer.Outcome, err = decode[lifecycle.Outcome](outcome)
		}
		return answer, err
	}, q.Args...)
}

// AnswerFleet keeps what mini-programs answered, in one transaction. What was answered before stays.
func (c *Catalog) AnswerFleet(ctx context.Context, id string, answers []FleetAnswer) error {
	if len(answers) == 0 {
		return nil
	}
	var e encoder
	err := c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, answer := range answers {
			code := lifecycle.Code("")
			if answer.Outcome != nil {
				code = answer.Outcome.Code
			}
			_, err := tx.ExecContext(ctx, `UPDATE fleet_answers SET standing = $1, code = $2, outcome = $3
				WHERE act = $4 AND mini_program = $5 AND standing IN ('waiting', 'sent')`,
				string(answer.Standing), string(code), e.json(answer.Outcome), database.Text(id), answer.MiniProgram)
			if err := errors.Join(err, e.err); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep answers of fleet act %q: %w", id, err)
	}
	return nil
}

// FleetOutcomes finds the outcomes that an act has got and that were not kept yet, such as because its worker died before.
func (c *Catalog) FleetOutcomes(ctx context.Context, act FleetAct) ([]FleetAnswer, error) {
	statement := c.db.Select(`
		SELECT fleet_answers.mini_program, min(changes.outcome) FROM fleet_answers JOIN changes
			ON changes.mini_program = fleet_answers.mini_program AND changes.request_id = $1 || fleet_answers.mini_program
			AND changes.actor = $2 AND changes.outcome IS NOT NULL
		WHERE fleet_answers.act = $3 AND fleet_answers.standing IN ('waiting', 'sent')
		GROUP BY fleet_answers.mini_program`)
	return database.Collect(ctx, statement, func(row *sql.Rows) (answer FleetAnswer, err error) {
		var text sql.NullString
		if err = row.Scan(&answer.MiniProgram, &text); err == nil {
			answer.Outcome, err = decode[lifecycle.Outcome](text)
		}
		if err == nil {
			answer.Standing = FleetStandingOf(*answer.Outcome)
		}
		return answer, err
	}, lifecycle.FleetRequestID(act.ID, ""), database.Text(act.Command.Actor.User), act.ID)
}

// FleetStandingOf is how an act stands with a mini-program that has answered.
func FleetStandingOf(outcome lifecycle.Outcome) FleetStanding {
	return when(outcome.Accepted, FleetAccepted, FleetRefused)
}

// CancelFleet notes who stops an act; the first one counts, and an act that is over stays so.
func (c *Catalog) CancelFleet(ctx context.Context, id, user string) error {
	_, err := c.db.Exec(ctx, `UPDATE fleet_acts SET cancelled_by = $1 WHERE id = $2 AND cancelled_by = '' AND ended_at IS NULL`,
		database.Text(user), database.Text(id))
	if err != nil {
		return fmt.Errorf("cancel fleet act %q: %w", id, err)
	}
	return nil
}

// EndFleet notes that an act is over; once more changes nothing.
func (c *Catalog) EndFleet(ctx context.Context, id string, at time.Time) error {
	_, err := c.db.Exec(ctx, `UPDATE fleet_acts SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL`,
		database.Time(at), database.Text(id))
	if err != nil {
		return fmt.Errorf("end fleet act %q: %w", id, err)
	}
	c.db.Notify()
	return nil
}

// SweepFleets forgets acts that ended before a time, and answers that have no act, in small parts. What each mini-program did stays in its
// audit trail.
func (c *Catalog) SweepFleets(ctx context.Context, before time.Time) error {
	_, err := c.db.ExecWithin(ctx, database.LongTimeout, `DELETE FROM fleet_acts WHERE ended_at < $1`, database.Time(before))
	var gone []string
	if err == nil {
		gone, err = c.goneFleets(ctx)
	}
	for i := 0; i < len(gone) && err == nil; i++ {
		err = c.forgetAnswers(ctx, gone[i])
	}
	if err != nil {
		return fmt.Errorf("forget fleet acts that ended before %s: %w", before.UTC().Format(time.RFC3339), err)
	}
	return nil
}

// forgetAnswers forgets those of an act that is gone. One that begins meanwhile under its id keeps what it has.
func (c *Catalog) forgetAnswers(ctx context.Context, gone string) error {
	for {
		forgotten, err := c.db.ExecWithin(ctx, database.LongTimeout, `DELETE FROM fleet_answers WHERE act = $1 AND mini_program IN (
			SELECT mini_program FROM fleet_answers WHERE act = $1 LIMIT $2) AND NOT EXISTS (SELECT 1 FROM fleet_acts WHERE id = $1)`,
			gone, fleetBatch)
		if err != nil || forgotten == 0 {
			return err
		}
	}
}

// goneFleets are the acts that are not there and have answers.
func (c *Catalog) goneFleets(ctx context.Context) (gone []string, err error) {
	statement := c.db.Select(`SELECT DISTINCT act FROM fleet_answers WHERE act NOT IN (SELECT id FROM fleet_acts)`)
	err = database.EachWithin(ctx, database.LongTimeout, statement, func(row *sql.Rows) error {
		var act string
		err := row.Scan(&act)
		gone = append(gone, act)
		return err
	})
	return gone, err
}
