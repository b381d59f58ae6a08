package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"slipway/lifecycle"
)

// tooLong is what no action may take.
const tooLong = time.Second

// benchWeb measures actions taken in a browser and over the API beside the fastest question-and-answer that Temporal has.
func benchWeb(ctx context.Context, out io.Writer, options options) error {
	site, err := install(ctx, options.folder, (*site).startTemporal, (*site).storePackage, (*site).startProduct, (*site).startWeb, (*site).startMinimal)
	if err != nil {
		return err
	}
	defer site.close()
	browser, err := openBrowser(ctx, site.web, "developer")
	if err != nil {
		return site.explain(err)
	}
	program := newProgram(site.web, "developer")
	contest := contest{atOnce: []int{1, 16}, subjects: func(round int) []*subject {
		return []*subject{site.update(round), site.form(round, browser), site.api(round, program)}
	}}
	results, err := contest.run(ctx, options)
	if err != nil {
		return site.explain(err)
	}
	fmt.Fprintf(out, "\nActions over the web on SQLite beside a bare Temporal update: %d rounds of %s each, %d CPUs.\n",
		options.rounds, options.each, runtime.NumCPU())
	fmt.Fprintf(out, "Goals: at 16 at once at least 0.7 of the update's actions a second, at 1 at most 1.6 of its p50, none slower than %s.\n\n", tooLong)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tasked by\tactions/s\tratio\tp50 ms\tratio\tp99 ms\tmax ms\tevents\ttoo slow\tof\t")
	for i, n := range contest.atOnce {
		for which, name := range []string{"update", "form", "API"} {
			r := results[i][which]
			fmt.Fprintf(table, "%d\t%s\t%.0f\t%.2f\t%s\t%.2f\t%s\t%s\t%.1f\t%d\t%d\t\n", n, name, quantile(r.rate, 0.5), quantile(r.rateRatio, 0.5),
				milliseconds(r.took, 0.5), quantile(r.timeRatio, 0.5), milliseconds(r.took, 0.99), milliseconds(r.took, 1),
				float64(r.events)/float64(max(r.counted, 1)), r.slower(tooLong), len(r.took))
		}
	}
	return table.Flush()
}

// opened is the revision of a mini-program that has come into its grayscale release.
const opened = 6

// takenInTurns are the actions that the web is asked for.
var takenInTurns = []lifecycle.Action{lifecycle.Pause, lifecycle.Resume}

func actionPath(id string, turn int) string {
	return fmt.Sprintf("/mini-programs/%s/actions/%s", id, takenInTurns[turn%len(takenInTurns)])
}

// form are mini-programs whose forms are sent as a browser does it; that the answer leads to the page is the answer.
func (s *site) form(round int, browser *visitor) *subject {
	subject := s.released("form", round)
	subject.ask = func(ctx context.Context, id string, turn int) error {
		path, requestID := actionPath(id, turn), uuid.NewString()
		fields := url.Values{"request_id": {requestID}, "if_revision": {strconv.Itoa(opened + turn)}, "comment": {""}}
		answer, err := browser.post(ctx, path, fields.Encode())
		if err == nil && (answer.status != http.StatusSeeOther || answer.location != "/mini-programs/"+id+"?answer="+requestID) {
			err = fmt.Errorf("%s was answered with %s", path, answer)
		}
		return err
	}
	return subject
}

// api are mini-programs whose actions are taken by a program.
func (s *site) api(round int, program *visitor) *subject {
	subject := s.released("api", round)
	subject.ask = func(ctx context.Context, id string, turn int) error {
		path := actionPath(id, turn)
		answer, err := program.post(ctx, path, fmt.Sprintf(`{"request_id": %q, "if_revision": %d}`, uuid.NewString(), opened+turn))
		if err != nil {
			return err
		}
		var outcome lifecycle.Outcome
		if err := json.Unmarshal(answer.body, &outcome); err != nil || !outcome.Accepted {
			return fmt.Errorf("%s was answered with %s", path, answer)
		}
		return nil
	}
	return subject
}
