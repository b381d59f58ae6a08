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

// packagesOf lists the sha256s of what users get and may get again.
func packagesOf(s lifecycle.Serving) []string {
	var sums []string
	for _, version := range []*lifecycle.Version{s.Live, s.Candidate} {
		if version != nil {
			sums = append(sums, sha256Of(version))
		}
	}
	for _, version := range s.Previous {
		sums = append(sums, sha256Of(&version))
	}
	return sums
}

// noteServed remembers for ever that users were given the packages. As long as a suspension stands only what is served now
// counts: whatever else the mini-program gave to users is withdrawn until they are given it again.
func noteServed(ctx context.Context, tx *sql.Tx, m lifecycle.MiniProgram, sums []string) error {
	if m.Suspension != nil {
		_, err := tx.ExecContext(ctx, `UPDATE served_packages SET withdrawn = TRUE WHERE mini_program = $1 AND NOT withdrawn`, m.ID)
		if err != nil {
			return err
		}
	}
	return putServed(ctx, tx, m.ID, sums, false)
}

func putServed(ctx context.Context, tx *sql.Tx, miniProgram string, sums []string, withdrawn bool) error {
	if len(sums) == 0 {
		return nil
	}
	var q database.Builder
	before := "INSERT INTO served_packages (sha256, mini_program, withdrawn) VALUES "
	for _, sum := range slices.Compact(slices.Sorted(slices.Values(sums))) {
		q.Add(before+"(?, ?, ?)", sum, miniProgram, withdrawn)
		before = ", "
	}
	q.Add(` ON CONFLICT (sha256, mini_program) DO UPDATE SET withdrawn = excluded.withdrawn
		WHERE served_packages.withdrawn <> excluded.withdrawn`)
	_, err := tx.ExecContext(ctx, q.String(), q.Args...)
	return err
}

// Served tells whether users are or were given this content, as the live version, as the candidate of a rollout, or as one that
// was live before, by a mini-program from which no suspension took it since.
func (c *Catalog) Served(ctx context.Context, sha256 string) (bool, error) {
	return c.exists(ctx, "look for the package among those served", `
		SELECT EXISTS (SELECT 1 FROM served_packages WHERE sha256 = $1 AND NOT withdrawn)`, database.Text(sha256))
}

// PackageReferenced tells whether this content is still needed: users were ever given it, it is the candidate of a mini-program, or
// there is a report about it, because the upload that it was inspected for may be about to be decided.
func (c *Catalog) PackageReferenced(ctx context.Context, sha256 string) (bool, error) {
	return c.exists(ctx, "look for what refers to the package", `
		SELECT EXISTS (SELECT 1 FROM served_packages WHERE sha256 = $1)
			OR EXISTS (SELECT 1 FROM mini_programs WHERE candidate_sha256 = $1)
			OR EXISTS (SELECT 1 FROM reports WHERE sha256 = $1)`, database.Text(sha256))
}

func (c *Catalog) exists(ctx context.Context, what, query, sha256 string) (yes bool, err error) {
	if err := database.One(ctx, c.db.Select(query), []any{&yes}, sha256); err != nil {
		return false, fmt.Errorf("%s, sha256 %q: %w", what, sha256, err)
	}
	return yes, nil
}

// KeepReport keeps the report about the inspection of a package, uploaded as the version, in place of an earlier one. A
// report that is not JSON is ErrInvalid.
func (c *Catalog) KeepReport(ctx context.Context, sha256, version string, report json.RawMessage) error {
	if !json.Valid(report) {
		return fmt.Errorf("%w report about package %s: it is not JSON", ErrInvalid, sha256)
	}
	_, err := c.db.Exec(ctx, `
		INSERT INTO reports (sha256, version, kept_at, report) VALUES ($1, $2, $3, $4)
		ON CONFLICT (sha256, version) DO UPDATE SET kept_at = excluded.kept_at, report = excluded.report`,
		database.Text(sha256), database.Text(version), database.Time(time.Now()), database.Text(string(report)))
	if err != nil {
		return fmt.Errorf("keep the report about package %s: %w", sha256, err)
	}
	return nil
}

// Report reads the report about the inspection of a package, uploaded as the version. The error is ErrNotFound when it
// was never inspected as such, or nobody needed it any more.
func (c *Catalog) Report(ctx context.Context, sha256, version string) (json.RawMessage, error) {
	statement := c.db.Select(`SELECT report FROM reports WHERE sha256 = $1 AND version = $2`)
	report, err := readOne[json.RawMessage](ctx, statement, nil, database.Text(sha256), database.Text(version))
	if err != nil {
		return nil, fmt.Errorf("report about package %q as version %q: %w", sha256, version, err)
	}
	return *report, nil
}

// SweepReports forgets the reports kept before the time about packages that nothing else refers to, and tells how many.
func (c *Catalog) SweepReports(ctx context.Context, before time.Time) (int64, error) {
	forgotten, err := c.db.ExecWithin(ctx, database.LongTimeout, `
		DELETE FROM reports WHERE kept_at < $1
			AND NOT EXISTS (SELECT 1 FROM served_packages s WHERE s.sha256 = reports.sha256)
			AND NOT EXISTS (SELECT 1 FROM mini_programs m WHERE m.candidate_sha256 = reports.sha256)`, database.Time(before))
	if err != nil {
		return 0, fmt.Errorf("forget reports older than %s: %w", before.UTC().Format(time.RFC3339), err)
	}
	return forgotten, nil
}
