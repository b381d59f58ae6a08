package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// HealthStage is the stage of a rollout that rules of a health gate are asked about.
type HealthStage struct {
	MiniProgram, Version string
	Stage                int
	// Since is when it began, moved on by its pauses.
	Since time.Time
}

// HealthValue is what a rule came to in a slot of a stage.
type HealthValue struct {
	Stage int
	// Lowest and Highest are the extremes of the slot; nil where no answer was a number.
	Lowest, Highest *float64
	// RuleHealth is the last answer.
	lifecycle.RuleHealth
}

const putHealth = `
	ON CONFLICT (mini_program, rule, slot) DO UPDATE SET
		version = excluded.version, stage = excluded.stage, answer = excluded.answer,
		lowest = CASE WHEN excluded.lowest IS NULL OR health_values.lowest <= excluded.lowest THEN health_values.lowest ELSE excluded.lowest END,
		highest = CASE WHEN excluded.highest IS NULL OR health_values.highest >= excluded.highest THEN health_values.highest
			ELSE excluded.highest END`

// KeepHealth keeps what rules came to, one answer of each slot of time (lifecycle.ValueSlot). The first stage of a version forgets the
// values of others.
func (c *Catalog) KeepHealth(ctx context.Context, stage HealthStage, answers []lifecycle.RuleHealth) error {
	var q database.Builder
	var e encoder
	before := "INSERT INTO health_values (mini_program, rule, slot, version, stage, lowest, highest, answer) VALUES "
	for _, answer := range answers {
		q.Add(before+"(?, ?, ?, ?, ?, ?, ?, ?)", database.Text(stage.MiniProgram), database.Text(answer.Name),
			database.Time(lifecycle.ValueSlot(stage.Since, answer.At)), database.Text(stage.Version), stage.Stage,
			answer.Value, answer.Value, e.json(answer))
		before = ", "
	}
	q.Add(putHealth)
	err := e.err
	if err == nil && len(answers) > 0 {
		err = c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if stage.Stage == 0 {
				const forget = `DELETE FROM health_values WHERE mini_program = $1 AND version <> $2`
				if _, err := tx.ExecContext(ctx, forget, database.Text(stage.MiniProgram), database.Text(stage.Version)); err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(ctx, q.String(), q.Args...)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("keep the health of %s: %w", stage.MiniProgram, err)
	}
	return nil
}

// healthValuesRead is how many values are read at most: some hundred of each rule and stage are kept.
const healthValuesRead = 10_000

// HealthValues reads what the rules of a version came to since a time, oldest first; of too many the latest.
func (c *Catalog) HealthValues(ctx context.Context, id, version string, since time.Time) ([]HealthValue, error) {
	values, err := database.Collect(ctx, c.db.Select(`
		SELECT stage, lowest, highest, answer FROM health_values WHERE mini_program = $1 AND version = $2 AND slot >= $3
		ORDER BY slot DESC, rule DESC LIMIT $4`),
		scanHealthValue, database.Text(id), database.Text(version), database.Time(since), healthValuesRead)
	if err != nil {
		return nil, fmt.Errorf("read the health of %s: %w", id, err)
	}
	slices.Reverse(values)
	return values, nil
}

// LatestHealth reads the latest answers to rules about a version, in no order; rules without any are missing.
func (c *Catalog) LatestHealth(ctx context.Context, id, version string, rules []string) ([]HealthValue, error) {
	var q database.Builder
	before := ""
	for _, rule := range rules {
		q.Add(before+`SELECT * FROM (SELECT stage, lowest, highest, answer FROM health_values
			WHERE mini_program = ? AND rule = ? AND version = ? ORDER BY slot DESC LIMIT 1) AS latest`,
			database.Text(id), database.Text(rule), database.Text(version))
		before = " UNION ALL "
	}
	if len(rules) == 0 {
		return nil, nil
	}
	values, err := database.Collect(ctx, c.db.Select(q.String()), scanHealthValue, q.Args...)
	if err != nil {
		return nil, fmt.Errorf("read the latest health of %s: %w", id, err)
	}
	return values, nil
}

func scanHealthValue(row *sql.Rows) (value HealthValue, err error) {
	var answer string
	if err := row.Scan(&value.Stage, &value.Lowest, &value.Highest, &answer); err != nil {
		return value, err
	}
	return value, json.Unmarshal([]byte(answer), &value.RuleHealth)
}
