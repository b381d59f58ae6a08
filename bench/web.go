package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
			site.update(round), site.form(round, browser, steady), site.api(round, program, steady),
			site.form(round, browser, clockwork), site.api(round, program, clockwork),
		}
	}}
	results, err := contest.run(ctx, options)
	if err != nil {
		return site.explain(err)
	}
	fmt.Fprintf(out, "\nActions over the web on SQLite beside a bare Temporal update: %d rounds of %s each, %d CPUs.\n",
		options.rounds, options.each, runtime.NumCPU())
	fmt.Fprintf(out, "The steady ones are set-grayscale and leave-feedback, as above; pause and resume also stop and set a timer each.\n")
	fmt.Fprintf(out, "Goals: at 16 at once at least 0.7 of the update's actions a second, at 1 at most 1.6 of its p50, none slower than %s.\n\n", tooLong)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "at once\tasked by\tactions/s\tratio\tp50 ms\tratio\tp99 ms\tmax ms\tevents\ttoo slow\tof\t")
	for i, n := range contest.atOnce {
		for which, name := range []string{"update", "form, steady", "API, steady", "form, pause", "API, pause"} {
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

// deed is an action that may be taken again and again, in turn with others, and what is filled in for it.
type deed struct {
	action lifecycle.Action
	fields map[string]any
}

var (
	steady = []deed{
		{lifecycle.SetGrayscale, map[string]any{"percent": 5}}, {lifecycle.LeaveFeedback, map[string]any{"rating": 5, "text": "as expected"}},
		{lifecycle.SetGrayscale, map[string]any{"percent": 10}}, {lifecycle.LeaveFeedback, map[string]any{"rating": 4, "text": "as expected"}},
	}
	clockwork = []deed{{action: lifecycle.Pause}, {action: lifecycle.Resume}}
)

// request is one sending of a deed.
type request struct {
	id, path string
	fields   map[string]any
}

func (d deed) request(miniProgram string, turn int) request {
	r := request{id: uuid.NewString(), path: fmt.Sprintf("/mini-programs/%s/actions/%s", miniProgram, d.action)}
	r.fields = map[string]any{"request_id": r.id, "if_revision": opened + turn}
	maps.Copy(r.fields, d.fields)
	return r
}

// form are mini-programs whose forms are sent as a browser does it; being led to the answer is the answer.
func (s *site) form(round int, browser *visitor, deeds []deed) *subject {
	subject := s.released(fmt.Sprintf("form-%s", deeds[0].action), round)
	subject.ask = func(ctx context.Context, id string, turn int) error {
		request, form := deeds[turn%len(deeds)].request(id, turn), url.Values{}
		for name, value := range request.fields {
			form.Set(name, fmt.Sprint(value))
		}
		answer, err := browser.post(ctx, request.path, form.Encode())
		if err == nil && (answer.status != http.StatusSeeOther || answer.location != "/mini-programs/"+id+"?answer="+request.id) {
			err = fmt.Errorf("%s was answered with %s", request.path, answer)
		}
		return err
	}
	return subject
}

// api are mini-programs whose actions are taken by a program.
func (s *site) api(round int, program *visitor, deeds []deed) *subject {
	subject := s.released(fmt.Sprintf("api-%s", deeds[0].action), round)
	subject.ask = func(ctx context.Context, id string, turn int) error {
		request := deeds[turn%len(deeds)].request(id, turn)
		body, err := json.Marshal(request.fields)
		if err != nil {
			return err
		}
		answer, err := program.post(ctx, request.path, string(body))
		if err != nil {
			return err
		}
		var outcome lifecycle.Outcome
		if err := json.Unmarshal(answer.body, &outcome); err != nil || !outcome.Accepted {
			return fmt.Errorf("%s was answered with %s", request.path, answer)
		}
		return nil
	}
	return subject
}
