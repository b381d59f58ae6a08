package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"slipway/database"
	"slipway/lifecycle"
)

// Release is what the users of one mini-program get. Of its versions only the name, the sha256 and the minimum platform
// version are there.
type Release struct {
	ID      string
	Serving lifecycle.Serving
	// Change is the number of the change since which users get this.
	Change int64
	// Candidate is what previews show, whether users get it or not, nil for nothing; CandidateSince is the number of the change since which
	// it is this one, which no other candidate of the catalogue has.
	Candidate      *lifecycle.Version
	CandidateSince int64
	// Err tells why the stored release could not be read; then Serving is empty.
	Err error
}

// Releases hands over the releases that changed after the change number, some at a time and in no particular order; after 0, all of them.
// A release that cannot be read is handed over with its Err. handle is called by several goroutines at once, but by none any more after
// the return.
//
// Whoever starts with a hundred thousand of them waits for this: while rows are read, those before them are decoded and handled.
func (c *Catalog) Releases(ctx context.Context, after int64, handle func([]Release)) error {
	var decoding errgroup.Group
	decoding.SetLimit(runtime.GOMAXPROCS(0))
	err := c.readReleases(ctx, after, func(rows []releaseRow) {
		decoding.Go(func() error {
			handle(decodeReleases(rows))
			return nil
		})
	})
	_ = decoding.Wait()
	if err != nil {
		return fmt.Errorf("read the releases after change %d: %w", after, err)
	}
	return nil
}

// releaseRow is a release as it is stored.
type releaseRow struct {
	id     string
	change int64
	text   sql.NullString

	candidate string
	since     int64
}

// releaseChunk is how many rows are decoded together.
const releaseChunk = 512

// All releases are read as they lie there: without looking into indexes, and without sorting more than fits into memory.
const (
	selectAllReleases = `SELECT mini_program, change, serving, candidate, candidate_since FROM releases`
	selectReleases    = selectAllReleases + ` WHERE change > $1 OR candidate_since > $1`
)

func (c *Catalog) readReleases(ctx context.Context, after int64, handle func([]releaseRow)) error {
	rows := make([]releaseRow, 0, releaseChunk)
	take := func(row *sql.Rows) error {
		var r releaseRow
		err := row.Scan(&r.id, &r.change, &r.text, &r.candidate, &r.since)
		if rows = append(rows, r); len(rows) == releaseChunk {
			handle(rows)
			rows = make([]releaseRow, 0, releaseChunk)
		}
		return err
	}
	statement, arguments := database.Statement(c.statements.releasesSince), []any{after}
	if after == 0 {
		statement, arguments = c.db.Select(selectAllReleases), nil
	}
	err := database.EachWithin(ctx, database.LongTimeout, statement, take, arguments...)
	if err == nil && len(rows) > 0 {
		handle(rows)
	}
	return err
}

func decodeReleases(rows []releaseRow) []Release {
	releases, names := make([]Release, len(rows)), map[string]string{}
	for i, row := range rows {
		releases[i] = Release{ID: row.id, Change: row.change, CandidateSince: row.since}
		if serving, err := decodeServing(row.text, names); err != nil {
			releases[i].Err = fmt.Errorf("read the release of %s: %w", row.id, err)
		} else {
			releases[i].Serving = serving
		}
		if candidate, ok := readVersion(row.candidate, names); ok {
			releases[i].Candidate = &candidate
		} else {
			releases[i].Candidate, _ = decodeCandidate(row.candidate) // one that cannot be read is not shown
		}
	}
	return releases
}

func decodeServing(text sql.NullString, names map[string]string) (lifecycle.Serving, error) {
	if serving, ok := readServing(text.String, names); ok {
		return serving, nil
	}
	serving, err := decode[lifecycle.Serving](text)
	if err != nil || serving == nil {
		return lifecycle.Serving{}, err
	}
	return *serving, nil
}

func decodeCandidate(text string) (*lifecycle.Version, error) {
	return decode[lifecycle.Version](sql.NullString{String: text, Valid: text != ""})
}

// Previewed is what previews of a mini-program show, and the number of the change since which it is that. The error is ErrNotFound when
// there is nothing to show.
func (c *Catalog) Previewed(ctx context.Context, id string) (lifecycle.Version, int64, error) {
	var text string
	var since int64
	statement := c.db.Select(`SELECT candidate, candidate_since FROM releases WHERE mini_program = $1`)
	err := database.One(ctx, statement, []any{&text, &since}, database.Text(id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && text == "" {
		err = ErrNotFound
	}
	var candidate *lifecycle.Version
	if err == nil {
		candidate, err = decodeCandidate(text)
	}
	if err != nil {
		return lifecycle.Version{}, 0, fmt.Errorf("candidate of %s: %w", id, err)
	}
	return *candidate, since, nil
}
