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

const webHeading = `
Actions over the web on SQLite beside a bare Temporal update, the first row: %d rounds of %s each, %d CPUs.
Feedback changes nothing that Temporal is told of. A percentage is a search attribute; update-percentage shows what
telling it costs a bare update. Pause and resume tell another one, and stop or set a timer.
Goals: at 16 at once at least 0.75 of the update's actions a second, at 1 at most 1.6 of its p50, none slower than %s.

`

// benchWeb measures actions taken in a browser and over the API beside the fastest that Temporal has, an update.
func benchWeb(ctx context.Context, out io.Writer, options options) error {
	in, err := install(ctx, options.folder, (*installation).startTemporal, (*installation).storePackage,
		(*installation).startWorker, (*installation).startWeb, (*installation).startMinimal)
	if err != nil {
		return err
	}
	defer in.close()
	browser, err := openBrowser(ctx, in.web, "developer")
	if err != nil {
		return in.explain(err)
	}
	api := newAPIClient(in.web, "developer")
	comparison := comparison{atOnce: []int{1, 16}, workloads: func(round int) []*workload {
		return []*workload{
			in.update(round, feedback), in.form(round, browser, feedback), in.api(round, api, feedback),
			in.update(round, percentages), in.form(round, browser, percentages), in.api(round, api, percentages),
			in.form(round, browser, pauses), in.api(round, api, pauses),
		}
	}}
	results, err := comparison.run(ctx, options)
	if err != nil {
		return in.explain(err)
	}
	fmt.Fprintf(out, webHeading, options.rounds, options.each, runtime.NumCPU(), tooLong)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tasked by\tactions/s\tratio\tp50 ms\tratio\tp99 ms\tmax ms\tevents\ttoo slow\tof\t")
	for i, n := range comparison.atOnce {
		for which, w := range comparison.workloads(0) {
			r := results[i][which]
			fmt.Fprintf(table, "%d\t%s\t%.0f\t%.2f\t%s\t%.2f\t%s\t%s\t%.1f\t%d\t%d\t\n", n, w.name,
				quantile(r.rate, 0.5), quantile(r.rateRatio, 0.5), milliseconds(r.took, 0.5), quantile(r.timeRatio, 0.5),
				milliseconds(r.took, 0.99), milliseconds(r.took, 1), r.eventsPerAction(), r.slower(tooLong), len(r.took))
		}
	}
	return table.Flush()
}

// releasedRevision is that of a mini-program that has come into its grayscale release.
const releasedRevision = 6

// numbered gives the command of a turn a request id, and says which revision it is for: each action raises it, a remark does not.
func numbered(command lifecycle.Command, turn int) lifecycle.Command {
	command.RequestID, command.IfRevision = uuid.NewString(), releasedRevision
	if lifecycle.KindOf(command.Action) == lifecycle.KindAction {
		command.IfRevision += turn
	}
	return command
}

func path(miniProgram string, action lifecycle.Action) string {
	return fmt.Sprintf("/mini-programs/%s/actions/%s", miniProgram, action)
}

// form has mini-programs whose forms are sent as a browser does it, up to the redirect to the outcome.
func (in *installation) form(round int, browser *webClient, cycle cycle) *workload {
	w := in.released("form-"+cycle.name, round)
	w.do = func(ctx context.Context, id string, turn int) error {
		command, form := numbered(cycle.command(turn), turn), url.Values{}
		fields, err := fields(command)
		if err != nil {
			return err
		}
		for name, value := range fields {
			form.Set(name, fmt.Sprint(value))
		}
		response, err := browser.post(ctx, path(id, command.Action), form.Encode())
		outcome := "/mini-programs/" + id + "?answer=" + command.RequestID
		if err == nil && (response.status != http.StatusSeeOther || response.location != outcome) {
			err = fmt.Errorf("%s of %s was answered with %s", command.Action, id, response)
		}
		return err
	}
	return w
}

// api has mini-programs whose actions are taken by a program.
func (in *installation) api(round int, api *webClient, cycle cycle) *workload {
	w := in.released("api-"+cycle.name, round)
	w.do = func(ctx context.Context, id string, turn int) error {
		command := numbered(cycle.command(turn), turn)
		fields, err := fields(command)
		if err != nil {
			return err
		}
		body, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		response, err := api.post(ctx, path(id, command.Action), string(body))
		if err != nil {
			return err
		}
		var outcome lifecycle.Outcome
		if err := json.Unmarshal(response.body, &outcome); err != nil || !outcome.Accepted {
			return fmt.Errorf("%s of %s was answered with %s", command.Action, id, response)
		}
		return nil
	}
	return w
}
