package catalog

import (
	"context"
	"database/sql"
	"strings"

	"slipway/database"
	"slipway/lifecycle"
)

// addSteps adds who can still decide on a request, and fills it for those that wait.
func addSteps(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range []string{
		`ALTER TABLE mini_programs ADD COLUMN open_roles TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE mini_programs ADD COLUMN barred TEXT NOT NULL DEFAULT ''`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return eachDocument(ctx, tx, func(m lifecycle.MiniProgram) error {
		if m.Review == nil {
			return nil
		}
		roles, barred := deciders(m)
		_, err := tx.ExecContext(ctx, `UPDATE mini_programs SET open_roles = $1, barred = $2 WHERE id = $3`, roles, barred, m.ID)
		return err
	})
}

// deciders are the roles of the open steps of a request, and those who cannot decide on it any more, as they are stored.
func deciders(m lifecycle.MiniProgram) (roles, barred string) {
	if m.Review == nil {
		return "", ""
	}
	return listed(m.Review.OpenRoles()), listed(m.Review.Barred())
}

// listed is a list in which each name is found with its ends. No name has a line break.
func listed[T ~string](names []T) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("\n" + database.Text(string(name)) + "\n")
	}
	return b.String()
}

// chooseDecidable leaves requests with a step that the person may still decide.
func (c *Catalog) chooseDecidable(q *database.Builder, person lifecycle.Actor) {
	find := "strpos"
	if c.db.IsSQLite() {
		find = "instr"
	}
	q.Add(" AND turn = ? AND (FALSE", string(lifecycle.Reviewer))
	for _, role := range person.Roles {
		q.Add(" OR "+find+"(open_roles, ?) > 0", listed([]lifecycle.Role{role}))
	}
	q.Add(")")
	for _, user := range []string{person.User, person.OnBehalfOf} {
		if user != "" {
			q.Add(" AND "+find+"(barred, ?) = 0", listed([]string{user}))
		}
	}
}
