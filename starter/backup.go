package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"slipway/audit"
	"slipway/backup"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
)

type backupCommand struct {
	File string `arg:"" type:"path" help:"Archive to write; it must not be there."`
}

// errOnlyHere refuses what nobody should do from afar.
var errOnlyHere = usageError{errors.New("this works on the database itself, not through a server; leave --server and SLIPWAY_SERVER out")}

// Run writes an archive, and reads it back: one that cannot be restored is none.
func (c *backupCommand) Run(ctx context.Context, a *app) error {
	if a.Server != "" {
		return errOnlyHere
	}
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already; name a file that is not", c.File)
	}
	catalogue, err := a.catalog(ctx)
	if err != nil {
		return err
	}
	store, err := a.packages(ctx)
	if err != nil {
		return err
	}
	manifest, err := writeArchive(ctx, c.File, catalogue, store)
	if err == nil {
		err = a.printManifest("written", manifest)
	}
	return cmp.Or(err, anyPackage(manifest))
}

func writeArchive(ctx context.Context, path string, from *catalog.Catalog, store *packages.Store) (manifest backup.Manifest, err error) {
	err = writeWhole(path, func(file *os.File) (err error) {
		if manifest, err = backup.Write(ctx, file, from, store); err != nil {
			return err
		}
		_, err = openArchive(file)
		return err
	})
	return manifest, err
}

// anyPackage is an error when there are packages and the store had none of them: then it is hardly theirs. The archive has the catalogue.
func anyPackage(m backup.Manifest) error {
	if len(m.Packages) > 0 || len(m.Missing) == 0 {
		return nil
	}
	return fmt.Errorf("the archive has no package: the store had none of the %d that the catalogue names; set PACKAGE_STORE and VAR_DIR as "+
		"for worker and web, and write another archive", len(m.Missing))
}

func openArchive(file *os.File) (*backup.Archive, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return backup.Open(file, info.Size())
}

func (a *app) printManifest(done string, m backup.Manifest) error {
	if a.JSON {
		return a.printJSON(m)
	}
	rows := 0
	for _, table := range m.Tables {
		rows += table.Rows
	}
	for _, sum := range m.Missing {
		_, _ = fmt.Fprintf(a.stderr, "package %s is not in the archive: the package store did not have it, or had it damaged\n", sum)
	}
	return printLines(a.stdout, fmt.Sprintf("%s and verified: the catalogue of %s up to change %d, %d rows in %d tables, %s", done,
		m.Made.In(here).Format(time.DateTime), m.Change, rows, len(m.Tables), packages.Count(len(m.Packages), "package")))
}

type restoreCommand struct {
	File  string `arg:"" type:"existingfile" help:"Archive to bring back."`
	Check bool   `help:"Only check that the archive is whole."`
}

// Run brings an archive back, and verifies the audit trail that it had.
func (c *restoreCommand) Run(ctx context.Context, a *app) error {
	if a.Server != "" {
		return errOnlyHere
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it is only read
	archive, err := openArchive(file)
	if err != nil {
		return err
	}
	if c.Check {
		return a.printManifest("whole", archive.Manifest)
	}
	a.catalogue, err = catalog.Open(ctx, a.config.Database()) // which is created when it is a file that is not there
	if err != nil {
		return err
	}
	store, err := a.packages(ctx)
	if err == nil {
		err = backup.Restore(ctx, archive, a.catalogue, store)
	}
	if err != nil {
		return err
	}
	report, err := a.catalogue.VerifyAudit(ctx)
	if wrong, is := errors.AsType[*audit.Wrong](err); is {
		return fmt.Errorf("restored, but the audit trail in the archive was not as it was written: %w", wrong)
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(a.stderr, "the audit trail is verified: %d records in %d chains\n", report.Records, report.Chains)
	return a.printManifest("restored", archive.Manifest)
}

type eraseUserCommand struct {
	Name string `arg:"" help:"The person's name as the audit trail has it; starter whoami shows one's own."`
}

// Run erases a person's name.
func (c *eraseUserCommand) Run(ctx context.Context, a *app) error {
	if a.Server != "" {
		return errOnlyHere
	}
	by := a.actor("operator")
	if !by.Holds(lifecycle.Operator) {
		return lifecycle.Refuse(lifecycle.ForbiddenRole, "only an operator may erase a person's name; give --role operator")
	}
	if c.Name == by.User {
		return usageError{errors.New("nobody erases themselves; let another operator do it")}
	}
	catalogue, err := a.catalog(ctx)
	if err != nil {
		return err
	}
	erasure, err := catalogue.EraseUser(ctx, c.Name, by)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(erasure)
	}
	lines := []string{fmt.Sprintf("erased: %s stands in the place of the name, in %d records of the audit trail and %d other rows",
		erasure.Pseudonym, erasure.Records, erasure.Rows)}
	if erasure.Unproven > 0 {
		lines = append(lines, fmt.Sprintf(
			"%d more records were not as they had been recorded; the name is gone from them too, and verify-audit names them", erasure.Unproven))
	}
	return printLines(a.stdout, append(lines,
		"Temporal's histories, backups and exports of before keep the name for as long as they are kept: docs/audit.md, \"Erasure\"")...)
}
