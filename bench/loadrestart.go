package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"slipway/catalog"
)

// mostWaiting is how many actions wait while the worker is away: a person may have 100 requests in progress.
const mostWaiting = 90

// restartTiming is how long after its start a worker answered the first action that had waited for it, and the last one, in seconds.
type restartTiming struct {
	Ready       float64 `json:"ready_s"`
	FirstAnswer float64 `json:"first_answer_s"`
	CaughtUp    float64 `json:"caught_up_s"`
	Waiting     int     `json:"waiting"`
}

// deliveryTiming is how long after its start a web answers host apps, in seconds, and how fast it does.
type deliveryTiming struct {
	Start     float64 `json:"start_s"`
	PerSecond float64 `json:"per_second"`
	spread
}

// errCaughtUp ends the following.
var errCaughtUp = errors.New("all is there")

// measureRestart stops the worker, lets people act, and starts it again.
func (l *load) measureRestart(ctx context.Context, row *loadRow) error {
	last, err := l.in.catalog.LastChange(ctx)
	if err != nil {
		return err
	}
	l.worker.stop()
	waiting, err := l.actInVain(ctx)
	if err != nil {
		return err
	}
	begin, first := time.Now(), time.Duration(0)
	if err := l.worker.start(); err != nil {
		return err
	}
	following, stop := context.WithTimeout(ctx, stallTimeout)
	defer stop()
	caughtUp := make(chan error, 1)
	left := len(waiting)
	go func() {
		caughtUp <- l.in.catalog.Follow(following, last, func(change catalog.Change) error {
			if change.Outcome == nil || !waiting[change.Outcome.RequestID] {
				return nil
			}
			delete(waiting, change.Outcome.RequestID)
			if first == 0 {
				first = time.Since(begin)
			}
			if len(waiting) == 0 {
				return errCaughtUp
			}
			return nil
		})
	}()
	ready, err := l.worker.ready(ctx)
	if err != nil {
		return err
	}
	if err := <-caughtUp; !errors.Is(err, errCaughtUp) {
		return fmt.Errorf("%d of %d actions are not answered: %w", len(waiting), left, err)
	}
	row.Restart = restartTiming{ready.Seconds(), first.Seconds(), time.Since(begin).Seconds(), left}
	return nil
}

// actInVain takes actions while there is no worker, and returns their request ids.
func (l *load) actInVain(ctx context.Context) (map[string]bool, error) {
	ids := some(l.random, l.population.all, mostWaiting)
	api, waiting := newAPIClient(l.in.web, "reviewer"), map[string]bool{}
	var mu sync.Mutex
	err := together(len(ids), func(i int) error {
		request, err := take(ctx, api, ids[i], remark(int64(i)), http.StatusAccepted)
		mu.Lock()
		defer mu.Unlock()
		waiting[request] = true
		return err
	})
	return waiting, err
}

// measureDelivery starts the web again and asks it as host apps do.
func (l *load) measureDelivery(ctx context.Context, row *loadRow) error {
	if len(l.population.served) == 0 {
		return errors.New("users get nothing yet: there are too few mini-programs")
	}
	l.web.stop()
	if err := l.web.start(); err != nil {
		return err
	}
	flag := "/ofrep/v1/evaluate/flags/" + l.population.served[0]
	hostApp := newWebClient(l.web.url, http.Header{"Content-Type": {"application/json"}})
	took, err := l.web.until(ctx, func(ctx context.Context) error {
		answer, err := hostApp.post(ctx, flag, evaluation)
		if err == nil && answer.status != http.StatusOK {
			err = fmt.Errorf("answered with %s", answer)
		}
		return err
	})
	if err != nil {
		return err
	}
	row.Delivery.Start = took.Seconds()
	if _, err := l.web.ready(ctx); err != nil {
		return err
	}
	return l.askDelivery(ctx, row)
}

// questionsEach is how many mini-programs a connection asks about in turn.
const questionsEach = 64

func (l *load) askDelivery(ctx context.Context, row *loadRow) error {
	hosts := make([]*questions, connections)
	for i := range hosts {
		var err error
		if hosts[i], err = openQuestions(ctx, l.web.url, some(l.random, l.population.served, questionsEach)); err != nil {
			return err
		}
		defer hosts[i].close()
	}
	sample, _, err := drive(ctx, connections, l.options.each, func(i, turn int) error { return hosts[i].askAbout(turn) })
	row.Delivery.PerSecond, row.Delivery.spread = sample.perSecond, spreadOf(sample.took)
	return err
}

// questions asks about several mini-programs over one connection.
type questions struct {
	*connection
	requests, answers [][]byte
}

func openQuestions(ctx context.Context, url string, ids []string) (*questions, error) {
	q := &questions{}
	for _, id := range ids {
		one, err := openConnection(ctx, url[len("http://"):], "/ofrep/v1/evaluate/flags/"+id)
		if err != nil {
			return nil, err
		}
		if q.connection == nil {
			q.connection = one
		} else {
			one.close()
		}
		q.requests, q.answers = append(q.requests, one.request), append(q.answers, one.answer)
	}
	return q, nil
}

func (q *questions) askAbout(turn int) error {
	q.request, q.answer = q.requests[turn%len(q.requests)], q.answers[turn%len(q.answers)]
	return q.ask()
}
