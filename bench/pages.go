package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
)

const (
	largeID      = "large"
	largeRecords = 1000
	largeFiles   = 3000
)

// largePages are the pages about a mini-program, as a reviewer opens them.
var largePages = []string{
	"", "/audit", "/feedback", "/submissions", "/versions/1.0.0", "/versions/1.0.0/files", "/versions/1.0.0/files/part1",
	"/versions/1.0.0/files/part1?from=600", "/versions/1.0.0/files/part1/module0001.js",
}

// benchPages measures the pages of a mini-program with a long story and a package of many files.
func benchPages(ctx context.Context, out io.Writer, options options) error {
	in, err := install(ctx, options.folder, (*installation).startTemporal, (*installation).fillLarge, (*installation).startWorker,
		(*installation).startWeb)
	if err != nil {
		return err
	}
	defer in.close()
	browser, err := openBrowser(ctx, in.web, "reviewer")
	if err != nil {
		return in.explain(err)
	}
	fmt.Fprintf(out, "\nPages of a mini-program with %d records and a package of %d files, on SQLite: %d rounds of %s each, %d CPUs.\n"+
		"Goal: p99 under 100 ms at 1, at most 200 KB.\n\n", largeRecords, largeFiles, options.rounds, options.each/pageShare, runtime.NumCPU())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "page\tKB\tp50 ms at 1\tp99 ms\tp50 ms at 16\tp99 ms\tof")
	for _, path := range largePages {
		one := page{account: "reviewer", path: "/mini-programs/" + largeID + path, took: make([][]time.Duration, len(viewersAtOnce))}
		for range options.rounds {
			if err := one.measure(ctx, in.web, options.each/pageShare); err != nil {
				return in.explain(fmt.Errorf("%s: %w", one.path, err))
			}
		}
		answer, err := browser.get(ctx, one.path)
		if err != nil {
			return in.explain(err)
		}
		fmt.Fprintf(table, "%s\t%.0f", one.path, float64(len(answer.body))/1000)
		for _, took := range one.took {
			fmt.Fprintf(table, "\t%s\t%s", milliseconds(took, 0.5), milliseconds(took, 0.99))
		}
		fmt.Fprintf(table, "\t%d\n", len(one.took[0]))
	}
	return table.Flush()
}

// fillLarge writes one mini-program whose package has many files, and about which much was said.
func (in *installation) fillLarge(ctx context.Context) error {
	store, err := packages.OpenStore(ctx, filepath.Join(in.folder, "packages"))
	if err != nil {
		return err
	}
	packed, err := largePackage()
	if err != nil {
		return err
	}
	sha256, _, err := store.Put(ctx, packed)
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	c, err := catalog.Open(ctx, "file:"+filepath.Join(in.folder, "slipway.db")+"?_synchronous=OFF")
	if err != nil {
		return err
	}
	return errors.Join(tellLarge(ctx, c, sha256), c.Close())
}

func largePackage() (*bytes.Buffer, error) {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	add := func(name, content string) error {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		return err
	}
	err := errors.Join(add("app.json", `{"pages": ["pages/home"]}`), add("app.js", "App({})"), add("pages/home.js", "Page({})"))
	module := strings.Repeat("const n = request({ url: 'a', data: [1, 2, 3] })\n", 200)
	for i := range largeFiles {
		err = errors.Join(err, add(fmt.Sprintf("part%d/module%04d.js", i%4, i), module))
	}
	return &packed, errors.Join(err, w.Close())
}

// tellLarge commits the story, as the workflow would.
func tellLarge(ctx context.Context, c *catalog.Catalog, sha256 string) error {
	people, settings := accounts.Dev(), lifecycle.DefaultSettings()
	at := time.Now().Add(-largeRecords * time.Minute)
	m, record, refusal := lifecycle.NewMiniProgram(lifecycle.Creation{
		ID: largeID, Title: "Large", Team: "acme", Actor: people["developer"], RequestID: "creation",
	}, at, settings)
	story := []lifecycle.Command{
		{Action: lifecycle.ApproveCreation, Actor: people["reviewer"]},
		{Action: lifecycle.UploadCode, Actor: people["developer"], Package: &lifecycle.Package{Version: "1.0.0", SHA256: sha256}},
		{Action: lifecycle.RequestPublishing, Actor: people["developer"]},
	}
	for i := range largeRecords {
		story = append(story, lifecycle.Command{
			Action: lifecycle.Comment, Actor: people["reviewer"],
			Text: fmt.Sprintf("Remark number %d about the request: %s", i, strings.Repeat("look again. ", 8)),
		})
	}
	for i := 0; ; i++ {
		if refusal != nil {
			return refusal
		}
		outcome := m.Outcome(record.Command, nil, record.At)
		commit := catalog.Commit{Life: "life", Step: m.Sequence, MiniProgram: m, Record: &record, Outcome: &outcome}
		if _, err := c.Commit(ctx, commit); err != nil || i == len(story) {
			return err
		}
		at, story[i].RequestID = at.Add(time.Minute), fmt.Sprint("request-", i)
		m, record, refusal = m.Decide(story[i], lifecycle.Facts{}, at, settings)
	}
}
