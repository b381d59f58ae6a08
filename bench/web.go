package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
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
		return []*subject{
			site.update(round, feedback), site.form(round, browser, feedback), site.api(round, program, feedback),
			site.update(round, percentages), site.form(round, browser, percentages), site.api(round, program, percentages),
			site.form(round, browser, pauses), site.api(round, program, pauses),
		}
	}}
	results, err := contest.run(ctx, options)
	if err != nil {
		return site.explain(err)
	}
	fmt.Fprintf(out, webHeading, options.rounds, options.each, runtime.NumCPU(), tooLong)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tasked by\tactions/s\tratio\tp50 ms\tratio\tp99 ms\tmax ms\tevents\ttoo slow\tof\t")
	for i, n := range contest.atOnce {
		for which, subject := range contest.subjects(0) {
			r := results[i][which]
			fmt.Fprintf(table, "%d\t%s\t%.0f\t%.2f\t%s\t%.2f\t%s\t%s\t%.1f\t%d\t%d\t\n", n, subject.name, quantile(r.rate, 0.5), quantile(r.rateRatio, 0.5),
				milliseconds(r.took, 0.5), quantile(r.timeRatio, 0.5), milliseconds(r.took, 0.99), milliseconds(r.took, 1),
				float64(r.events)/float64(max(r.counted, 1)), r.slower(tooLong), len(r.took))
		}
	}
	return table.Flush()
}

const webHeading = `
Actions over the web on SQLite beside a bare Temporal update, the first row: %d rounds of %s each, %d CPUs.
Feedback changes nothing that Temporal is told of. A percentage is a search attribute; update-percentage shows what
telling it costs a bare update. Pause and resume tell another one, and stop or set a timer.
Goals: at 16 at once at least 0.7 of the update's actions a second, at 1 at most 1.6 of its p50, none slower than %s.

`

// opened is the revision of a mini-program that has come into its grayscale release.
const opened = 6

// request names the command, and says which revision it is for: each action raises it, a remark does not.
func request(command lifecycle.Command, turn int) lifecycle.Command {
	command.RequestID, command.IfRevision = uuid.NewString(), opened
	if lifecycle.KindOf(command.Action) == lifecycle.KindAction {
		command.IfRevision += turn
	}
	return command
}

func path(miniProgram string, action lifecycle.Action) string {
	return fmt.Sprintf("/mini-programs/%s/actions/%s", miniProgram, action)
}

// form are mini-programs whose forms are sent as a browser does it; being led to the answer is the answer.
func (s *site) form(round int, browser *visitor, deeds deeds) *subject {
	subject := s.released("form-"+deeds.name, round)
	subject.ask = func(ctx context.Context, id string, turn int) error {
		command, form := request(deeds.turn(turn), turn), url.Values{}
		fields, err := fields(command)
		if err != nil {
			return err
		}
		for name, value := range fields {
			form.Set(name, fmt.Sprint(value))
		}
		answer, err := browser.post(ctx, path(id, command.Action), form.Encode())
		if err == nil && (answer.status != http.StatusSeeOther || answer.location != "/mini-programs/"+id+"?answer="+command.RequestID) {
			err = fmt.Errorf("%s of %s was answered with %s", command.Action, id, answer)
		}
		return err
	}
	return subject
}

// api are mini-programs whose actions are taken by a program.
func (s *site) api(round int, program *visitor, deeds deeds) *subject {
	subject := s.released("api-"+deeds.name, round)
	subject.ask = func(ctx context.Context, id string, turn int) error {
		command := request(deeds.turn(turn), turn)
		fields, err := fields(command)
		if err != nil {
			return err
		}
		body, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		answer, err := program.post(ctx, path(id, command.Action), string(body))
		if err != nil {
			return err
		}
		var outcome lifecycle.Outcome
		if err := json.Unmarshal(answer.body, &outcome); err != nil || !outcome.Accepted {
			return fmt.Errorf("%s of %s was answered with %s", command.Action, id, answer)
		}
		return nil
	}
	return subject
}
