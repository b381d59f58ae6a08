package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"slipway/lifecycle"
)

// actionTiming is how fast actions of a kind are, taken over the API by so many at once.
type actionTiming struct {
	Action    lifecycle.Action `json:"action"`
	AtOnce    int              `json:"at_once"`
	PerSecond float64          `json:"per_second"`
	spread
}

// pageTiming is how fast a page is, looked at by so many at once.
type pageTiming struct {
	Account string `json:"account"`
	Path    string `json:"path"`
	AtOnce  int    `json:"at_once"`
	spread
}

// measureActions lets people act on any mini-program: most are not in the worker's memory.
func (l *load) measureActions(ctx context.Context, row *loadRow) error {
	for _, measured := range []struct {
		account string
		command func(turn int64) lifecycle.Command
		among   []string
	}{
		{"reviewer", remark, l.population.all}, {"release-manager", percentage, l.population.rolling},
	} {
		if len(measured.among) == 0 {
			continue
		}
		api := newAPIClient(l.in.web, measured.account)
		for _, n := range viewersAtOnce {
			var turn atomic.Int64
			sample, _, err := drive(ctx, n, l.options.each, func(int, int) error {
				number := turn.Add(1)
				random := rand.New(rand.NewPCG(uint64(n), uint64(number))) //nolint:gosec // which ones does not matter
				_, err := take(ctx, api, pick(random, measured.among), measured.command(number), http.StatusOK)
				return err
			})
			if err != nil {
				return err
			}
			action := measured.command(0).Action
			row.Actions = append(row.Actions, actionTiming{action, n, sample.perSecond, spreadOf(sample.took)})
		}
	}
	return nil
}

func remark(turn int64) lifecycle.Command {
	return lifecycle.Command{Action: lifecycle.Comment, Text: fmt.Sprintf("Remark number %d", turn)}
}

func percentage(int64) lifecycle.Command {
	percent := lifecycle.Percent(1 + rand.IntN(int(lifecycle.Everyone)-1)) //nolint:gosec // seldom one that it is already
	return lifecycle.Command{Action: lifecycle.SetGrayscale, Percent: &percent}
}

// take takes an action over the API, and returns its request id.
func take(ctx context.Context, api *webClient, id string, command lifecycle.Command, status int) (string, error) {
	command.RequestID = uuid.NewString()
	fields, err := fields(command)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	answer, err := api.post(ctx, path(id, command.Action), string(body))
	if err == nil && answer.status != status {
		err = fmt.Errorf("%s of %s was answered with %s", command.Action, id, answer)
	}
	return command.RequestID, err
}

// loadPages are the overviews and lists that people look at most.
func loadPages() (pages []page) {
	for _, account := range []string{"developer", "reviewer", "release-manager", "operator"} {
		pages = append(pages, page{account: account, path: overview})
	}
	for _, filter := range []string{"", "?state=Published", "?team=team-7", "?q=weather", "?overdue=true"} {
		pages = append(pages, page{account: "reviewer", path: "/mini-programs" + filter})
	}
	return pages
}

const overview = "/"

func (l *load) measurePages(ctx context.Context, row *loadRow) error {
	for _, page := range loadPages() {
		page.took = make([][]time.Duration, len(viewersAtOnce))
		if err := page.measure(ctx, l.in.web, l.options.each/pageShare); err != nil {
			return fmt.Errorf("%s for %s: %w", page.path, page.account, err)
		}
		for i, n := range viewersAtOnce {
			row.Pages = append(row.Pages, pageTiming{page.account, page.path, n, spreadOf(page.took[i])})
		}
	}
	return nil
}

// slowestPage is the longest p99 of overviews or lists, looked at by one person at a time.
func slowestPage(pages []pageTiming, overviews bool) (longest float64) {
	for _, page := range pages {
		if page.AtOnce == 1 && (page.Path == overview) == overviews {
			longest = max(longest, page.P99)
		}
	}
	return longest
}

// actionLines are the lines of the table about an action.
func actionLines(action lifecycle.Action, atOnce int) []loadLine {
	line := func(what string, value func(actionTiming) string) loadLine {
		return loadLine{strings.TrimSpace(what), func(r loadRow) string {
			for _, each := range r.Actions {
				if each.Action == action && each.AtOnce == atOnce {
					return value(each)
				}
			}
			return ""
		}}
	}
	return []loadLine{
		line(fmt.Sprintf("%s/s at %d", action, atOnce), func(a actionTiming) string { return fmt.Sprintf("%.0f", a.PerSecond) }),
		line("p50, p99 ms", func(a actionTiming) string { return fmt.Sprintf("%.0f, %.0f", a.P50, a.P99) }),
	}
}
