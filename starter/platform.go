package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/packages"
)

// platform is where the mini-programs are: Temporal and the catalogue themselves, or a server that has both behind it.
//
// What acts waits for the answer. A refusal is an outcome, or a *lifecycle.Refusal as the error; workflows.ErrUnfinished
// says that the action is recorded.
type platform interface {
	requestCreation(context.Context, lifecycle.Creation) (lifecycle.Outcome, error)
	act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error)
	// upload sends a package and takes the action upload-code; without a version it is the one that the package states.
	upload(ctx context.Context, id string, file *os.File, version string, command lifecycle.Command) (lifecycle.Outcome, error)
	// recover starts the workflow of a mini-program again that was ended from outside.
	recover(ctx context.Context, id string, operator lifecycle.Actor, requestID string) (lifecycle.Status, error)
	status(ctx context.Context, id string) (lifecycle.Status, error)
	// follow tells where a mini-program stands now, and again when that may have changed, until ctx is done or an error.
	follow(ctx context.Context, id string) iter.Seq2[lifecycle.Status, error]
	list(context.Context, catalog.Filter) (catalog.Page, error)
	// audit reads the trail, newest first, before a change number (0: the newest).
	audit(ctx context.Context, id string, before int64, limit int) ([]auditLine, error)
	// line tells whether releases may go on; actOnLine stops the line, or lifts the stop.
	line(context.Context) (lifecycle.PlatformStatus, error)
	actOnLine(ctx context.Context, command lifecycle.Command) (lifecycle.Outcome, error)
	// explain says which version a user got at a time (zero: now); version is delivery.AnyPlatform when none is given.
	explain(ctx context.Context, id, user string, at time.Time, version int) (delivery.Explanation, error)
	// rehearse says what a plan would do, and when.
	rehearse(context.Context, lifecycle.Rehearse) (lifecycle.Rehearsal, error)
}

// platform is the server when one is named.
func (a *app) platform() (platform, error) {
	if a.Server == "" {
		return direct{a}, nil
	}
	if a.User != "" {
		return nil, usageError{errors.New("--user has no meaning with --server, where the token says who you are; " +
			"give --token, or --as an account")}
	}
	return newRemote(a.commandLine), nil
}

// direct works on Temporal, the catalogue and the package store, without a server.
type direct struct{ *app }

func (d direct) requestCreation(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	miniPrograms, err := d.client(ctx)
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	outcome, err := miniPrograms.RequestCreation(ctx, creation)
	return outcome, uncertain(err, creation.RequestID)
}

func (d direct) act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	miniPrograms, err := d.client(ctx)
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	outcome, err := miniPrograms.Act(ctx, id, command)
	return outcome, uncertain(err, command.RequestID)
}

func (d direct) upload(
	ctx context.Context, id string, file *os.File, version string, command lifecycle.Command,
) (lifecycle.Outcome, error) {
	store, err := d.packages(ctx)
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil { // it may have been sent before
		return lifecycle.Outcome{}, err
	}
	sha256, _, err := store.Put(ctx, file)
	if errors.Is(err, packages.ErrTooLarge) {
		return lifecycle.Outcome{}, lifecycle.Refuse(lifecycle.PackageRefused, "%s", err)
	}
	if err == nil && version == "" {
		version, err = d.versionIn(ctx, file)
	}
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	command.Package = &lifecycle.Package{Version: version, SHA256: sha256}
	return d.act(ctx, id, command)
}

func (d direct) recover(ctx context.Context, id string, operator lifecycle.Actor, requestID string) (lifecycle.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	miniPrograms, err := d.client(ctx)
	if err != nil {
		return lifecycle.Status{}, err
	}
	return miniPrograms.Recover(ctx, id, operator, requestID)
}

func (d direct) status(ctx context.Context, id string) (lifecycle.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	miniPrograms, err := d.client(ctx)
	if err != nil {
		return lifecycle.Status{}, err
	}
	status, err := miniPrograms.Status(ctx, id)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return status, fmt.Errorf("no worker has answered within %s; is one running? (%w)", d.Timeout, err)
	}
	return status, err
}

// watchInterval is how often a watched mini-program is looked at.
const watchInterval = 300 * time.Millisecond

func (d direct) follow(ctx context.Context, id string) iter.Seq2[lifecycle.Status, error] {
	return func(yield func(lifecycle.Status, error) bool) {
		for {
			status, err := d.status(ctx, id)
			if !yield(status, err) || err != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(watchInterval):
			}
		}
	}
}

func (d direct) list(ctx context.Context, filter catalog.Filter) (catalog.Page, error) {
	cat, err := d.catalog(ctx)
	if err != nil {
		return catalog.Page{}, err
	}
	page, err := cat.List(ctx, filter)
	if errors.Is(err, catalog.ErrInvalid) {
		return page, lifecycle.Refuse(lifecycle.InvalidInput, "%s; leave the cursor out to begin at the first page", err)
	}
	return page, err
}

func (d direct) audit(ctx context.Context, id string, before int64, limit int) ([]auditLine, error) {
	cat, err := d.catalog(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := cat.Audit(ctx, id, before, limit)
	lines := []auditLine{}
	for _, entry := range entries {
		if entry.Err != nil {
			return nil, entry.Err
		}
		lines = append(lines, auditLine{entry.Change, entry.Record})
	}
	return lines, err
}

// explain answers from the audit trail, which delivery's snapshot follows.
func (d direct) explain(ctx context.Context, id, user string, at time.Time, version int) (delivery.Explanation, error) {
	cat, err := d.catalog(ctx)
	if err != nil {
		return delivery.Explanation{}, err
	}
	if _, _, err := cat.Status(ctx, id); errors.Is(err, catalog.ErrNotFound) {
		return delivery.Explanation{}, lifecycle.Refuse(lifecycle.UnknownMiniProgram,
			"there is no mini-program %q; request its creation first", id)
	}
	return delivery.ExplainAt(ctx, cat, id, at, user, version)
}
