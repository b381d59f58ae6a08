package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"slipway/lifecycle"
)

// Release is what the users of one mini-program get. Of its versions only the name, the sha256 and the minimum platform
// version are there.
type Release struct {
	ID      string
	Serving lifecycle.Serving
	// Change is the number of the change since which users get this.
	Change int64
	// Err tells why the stored release could not be read; then Serving is empty.
	Err error
}

// Releases hands over the releases that changed after the change number, in the order of their change; after 0, all of
// them. A release that cannot be read is handed over with its Err.
func (c *Catalog) Releases(ctx context.Context, after int64, handle func(Release)) error {
	err := each(ctx, c.read, func(row *sql.Rows) error {
		release, err := scanRelease(row)
		if err == nil {
			handle(release)
		}
		return err
	}, `SELECT mini_program, change, serving FROM releases WHERE change > $1 ORDER BY change`, after)
	if err != nil {
		return fmt.Errorf("read the releases after change %d: %w", after, err)
	}
	return nil
}

func scanRelease(row *sql.Rows) (Release, error) {
	var release Release
	var text sql.NullString
	if err := row.Scan(&release.ID, &release.Change, &text); err != nil {
		return release, err
	}
	serving, err := decode[lifecycle.Serving](text)
	if err != nil {
		release.Err = fmt.Errorf("read the release of %s: %w", release.ID, err)
		return release, nil
	}
	release.Serving = *serving
	return release, nil
}
