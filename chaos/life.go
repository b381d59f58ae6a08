package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"slipway/packages"
	samples "slipway/testdata/packages"
)

// The plan of every rollout. The checks know it by these numbers.
const (
	grayscalePercent = 20.0
	stagePercent     = 50.0
	bake             = 3 * time.Second
	hold             = 2 * time.Second
)

func plan() map[string]any {
	return map[string]any{"plan": map[string]any{
		"grayscale":  map[string]any{"percent": grayscalePercent, "testers": []string{tester}, "bake": bake.String()},
		"production": []any{map[string]any{"percent": stagePercent, "hold": hold.String()}, map[string]any{"percent": 100, "hold": "0s"}},
	}}
}

// load brings mini-programs through their lives, several at once.
type load struct {
	people   *people
	programs []string
	seed     uint64

	mu       sync.Mutex
	versions map[string]int // that were uploaded
	missed   []error
}

// actors is how many people act at the same time.
const actors = 8

// run acts until over is done; what is under way by then gets its answer, or until the end of ctx.
func (l *load) run(ctx, over context.Context) {
	ids := make(chan string)
	var acting sync.WaitGroup
	for n := range uint64(actors) {
		roll := rand.New(rand.NewPCG(l.seed, n)) //nolint:gosec // to be repeated
		acting.Go(func() {
			for id := range ids {
				if err := l.act(ctx, id, roll); err != nil {
					l.miss(err)
				}
			}
		})
	}
	for n := 0; over.Err() == nil; n++ {
		select {
		case ids <- l.programs[n%len(l.programs)]:
		case <-over.Done():
		}
	}
	close(ids)
	acting.Wait()
}

func (l *load) miss(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = append(l.missed, err)
}

// act does one thing with a mini-program, or lets it be.
func (l *load) act(ctx context.Context, id string, roll *rand.Rand) error {
	var s status
	if _, err := l.people.read(ctx, "/"+id, &s); err != nil {
		return err
	}
	next := next(s, roll)
	if next == nil {
		return nil
	}
	if next.action == "upload-code" {
		next.version = l.version(id)
	}
	return l.people.do(ctx, id, *next)
}

func (l *load) version(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.versions[id]++
	return fmt.Sprintf("1.%d.0", l.versions[id])
}

var comment = map[string]any{"comment": "as agreed"}

// next is what somebody does with a mini-program that stands there; nil is nothing.
func next(s status, roll *rand.Rand) *step {
	chance := roll.Float64()
	switch s.State {
	case "":
		return &step{account: "developer", action: "request-creation"}
	case "CreationPending":
		return &step{account: "reviewer", action: "approve-creation", fields: comment}
	case "CodeUnavailable":
		return &step{account: "developer", action: "upload-code"}
	case "CodeAvailable", "PublishingRejected", "UnpublishedByDev", "SuspendedByOp":
		return &step{account: "developer", action: "request-publishing"}
	case "PublishingPending":
		if chance < 0.1 {
			return &step{account: "reviewer", action: "reject-publishing", fields: comment}
		}
		return &step{account: "reviewer", action: "approve-publishing", fields: comment}
	case "ReadyToPublish":
		return &step{account: "developer", action: "publish", fields: plan()}
	case "Published":
		return whenPublished(chance)
	default:
		return underway(s, chance)
	}
}

func whenPublished(chance float64) *step {
	switch {
	case chance < 0.6:
		return &step{account: "developer", action: "upload-code"}
	case chance < 0.7:
		return &step{account: "developer", action: "revert"}
	case chance < 0.8:
		return &step{account: "operator", action: "suspend", fields: comment}
	case chance < 0.85:
		return &step{account: "developer", action: "unpublish", fields: comment}
	default:
		return nil
	}
}

// underway lets most rollouts go on by themselves.
func underway(s status, chance float64) *step {
	switch {
	case s.Rollout == nil:
		return nil
	case s.Rollout.Paused:
		return &step{account: "developer", action: "resume"}
	case chance < 0.25:
		return &step{account: "developer", action: "leave-feedback", fields: map[string]any{"rating": 4, "text": "works"}}
	case chance < 0.35:
		return &step{account: "release-manager", action: "pause", fields: comment}
	case chance < 0.4:
		return &step{account: "release-manager", action: "rollback", fields: comment}
	case chance < 0.45 && s.State == "GrayscaleRelease":
		return &step{account: "release-manager", action: "promote"}
	case chance < 0.45:
		return &step{account: "release-manager", action: "advance"}
	default:
		return nil
	}
}

// settle lets every rollout that is under way go on to its end, and says which do not get there.
func (l *load) settle(ctx context.Context) (stuck map[string]string) {
	stuck = map[string]string{}
	for _, id := range l.programs {
		var s status
		for {
			if _, err := l.people.read(ctx, "/"+id, &s); err != nil {
				stuck[id] = err.Error()
				break
			}
			if s.Rollout == nil {
				break
			}
			if s.Rollout.Paused {
				_ = l.people.do(ctx, id, step{account: "developer", action: "resume"})
			}
			select {
			case <-ctx.Done():
			case <-time.After(repeatPause):
			}
		}
	}
	return stuck
}

var (
	packing     sync.Mutex
	packedFiles = map[string][]byte{}
)

// packed is a package of a version.
func packed(version string) []byte {
	packing.Lock()
	defer packing.Unlock()
	if packedFiles[version] == nil {
		packedFiles[version] = pack(version)
	}
	return packedFiles[version]
}

func pack(version string) []byte {
	var file bytes.Buffer
	if err := packages.Zip(&file, samples.CoffeeOf(version)); err != nil {
		panic(err) // the sample is part of the program
	}
	return file.Bytes()
}
