package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var dawn = time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time { return dawn.Add(time.Duration(seconds * float64(time.Second))) }

// entry is one of an audit trail; the change is ten times its number.
func entry(n int, at float64, action, role, from, to string, s serving) record {
	r := record{Change: int64(10 * n), Sequence: n, Revision: n, At: after(at), Action: action, Role: role, From: from, To: to, Serving: s}
	r.Command.RequestID = fmt.Sprint("key-", n)
	return r
}

var one = &version{"1.1.0"}

// faultless is a mini-program that came to everyone, and all that was seen of it.
func faultless() evidence {
	cohort := func(percent float64) serving {
		return serving{Candidate: one, Percent: percent, Testers: []string{tester}}
	}
	everyone := serving{Live: one}
	trail := []record{
		entry(1, 0, "request-creation", "developer", "", "CreationPending", serving{}),
		entry(2, 1, "approve-creation", "reviewer", "CreationPending", "CodeUnavailable", serving{}),
		entry(3, 2, "upload-code", "developer", "CodeUnavailable", "CodeAvailable", serving{}),
		entry(4, 3, "request-publishing", "developer", "CodeAvailable", "PublishingPending", serving{}),
		entry(5, 4, "approve-publishing", "reviewer", "PublishingPending", "ReadyToPublish", serving{}),
		entry(6, 5, "publish", "developer", "ReadyToPublish", "GrayscaleRelease", cohort(20)),
		entry(7, 8, "promote", "system", "GrayscaleRelease", "ProductionRelease", cohort(50)),
		entry(8, 10, "advance", "system", "ProductionRelease", "ProductionRelease", cohort(100)),
		entry(9, 10.1, "advance", "system", "ProductionRelease", "Published", everyone),
	}
	stands := status{State: "Published", Revision: 9, Live: one}
	p := &program{trail: trail, status: stands, workflow: stands, run: execution{open: true}}
	e := evidence{webs: []string{"web-1", "web-2"}, programs: map[string]*program{"coffee": p}}
	for _, r := range trail[:6] {
		e.requests = append(e.requests, request{
			miniProgram: "coffee", action: r.Action, key: r.Command.RequestID, sent: r.At.Add(-time.Millisecond), answered: r.At.Add(time.Millisecond), accepted: true,
		})
	}
	for at := 0.5; at < 15; at += 0.25 {
		for web := range e.webs {
			e.answers = append(e.answers, e.tell(web, userOf(int(4*at)), at))
		}
	}
	for web := range e.webs {
		p.answers = append(p.answers, e.tell(web, tester, 16))
	}
	return e
}

// tell is what a web rightly answers at a moment.
func (e evidence) tell(web int, user string, at float64) answer {
	a := answer{miniProgram: "coffee", user: user, web: web, asked: after(at), answered: after(at + 0.01), unknown: true}
	for _, r := range e.programs["coffee"].trail {
		if !r.At.After(a.asked) {
			a.unknown, a.change, a.version = false, r.Change, r.Serving.of("coffee", user)
		}
	}
	return a
}

func (e evidence) coffee() *program { return e.programs["coffee"] }

func TestAFaultlessRunHasNoFaults(t *testing.T) {
	if faults := check(faultless()); len(faults) > 0 {
		t.Errorf("got %v", faults)
	}
}

// planted are faults, and how check calls them.
var planted = []struct {
	name  string
	plant func(e *evidence)
	kind  string
	says  string
}{
	{"an acknowledged action is in no audit trail", func(e *evidence) {
		e.requests = append(e.requests, request{miniProgram: "coffee", action: "comment", key: "gone", answered: after(6), accepted: true})
	}, lost, "comment gone"},
	{"an action was done twice", func(e *evidence) {
		again := entry(10, 11, "leave-feedback", "developer", "Published", "Published", serving{Live: one})
		again.Kind, again.Revision = "remark", 9
		again.Command.RequestID = "key-6"
		e.coffee().trail = append(e.coffee().trail, again)
	}, doubled, "key-6 is in the audit trail 2 times"},
	{"a refused action is in the audit trail", func(e *evidence) { e.requests[5].accepted = false }, undone, "publish key-6"},
	{"a recorded action has no answer", func(e *evidence) {
		e.requests = append(e.requests, request{miniProgram: "coffee", action: "pause", key: "gone", recorded: true})
	}, silent, "pause gone"},
	{"nothing can be found out about a mini-program", func(e *evidence) { e.coffee().missing = "503" }, silent, "503"},
	{"an entry is missing", func(e *evidence) { e.coffee().trail = slices.Delete(e.coffee().trail, 3, 4) }, gap, "has the number 5"},
	{"a revision is missing", func(e *evidence) { e.coffee().trail[8].Revision = 10 }, gap, "has revision 10 instead of 9"},
	{"an entry begins elsewhere", func(e *evidence) { e.coffee().trail[4].From = "CodeAvailable" }, gap, "begins in CodeAvailable"},
	{"an entry has an earlier change", func(e *evidence) { e.coffee().trail[4].Change = 40 }, gap, "change 40 after 40"},
	{"the audit trail is lost", func(e *evidence) { e.coffee().trail = nil }, gap, "has no audit trail"},
	{"a user got the candidate outside of its cohort", func(e *evidence) {
		e.answers = append(e.answers, answer{
			miniProgram: "coffee", user: outsider(20), asked: after(6), answered: after(6.01), version: "1.1.0", change: 60,
		})
	}, wrong, `got "1.1.0"`},
	{"a user got a version before it was decided", func(e *evidence) {
		e.answers = append(e.answers, answer{miniProgram: "coffee", user: tester, asked: after(4), answered: after(4.5), version: "1.1.0", change: 60})
	}, wrong, "before publish"},
	{"a user got a version by a change that there never was", func(e *evidence) {
		e.answers = append(e.answers, answer{miniProgram: "coffee", user: tester, asked: after(12), answered: after(12), version: "1.1.0", change: 65})
	}, wrong, "change 65"},
	{"a web goes on with what is over", func(e *evidence) {
		e.answers = append(e.answers, answer{miniProgram: "coffee", user: outsider(50), web: 1, asked: after(14), answered: after(14), change: 70})
	}, late, "from web 1"},
	{"a web does not know what was published long ago", func(e *evidence) {
		e.answers = append(e.answers, answer{miniProgram: "coffee", user: tester, asked: after(14), answered: after(14), unknown: true})
	}, late, `got ""`},
	{"the catalogue is behind", func(e *evidence) { e.coffee().status.Revision = 8 }, different, "the catalogue has Published, revision 8"},
	{"the workflow is elsewhere", func(e *evidence) { e.coffee().workflow.State = "ProductionRelease" }, different, "the workflow has ProductionRelease"},
	{"the workflow has another version", func(e *evidence) { e.coffee().workflow.Live = &version{"1.0.0"} }, different, "the workflow has"},
	{"a web has another version in the end", func(e *evidence) { e.coffee().answers[1].version = "1.0.0" }, different, `web 1 gives tester "1.0.0"`},
	{"a workflow has ended", func(e *evidence) { e.coffee().run.open = false }, stuck, "has ended"},
	{"a workflow's task fails", func(e *evidence) { e.coffee().run.failing = "its task is tried for the 9. time" }, stuck, "9. time"},
	{"a rollout does not arrive", func(e *evidence) {
		e.coffee().status.Rollout = new(struct {
			Stage   int     `json:"stage"`
			Percent float64 `json:"percent"`
			Paused  bool    `json:"paused"`
			Held    bool    `json:"held"`
		})
	}, offPlan, "it is still in"},
	{"a stage ends too early", func(e *evidence) { e.coffee().trail[6].At = after(7.9) }, offPlan, "before the time of the stage is over"},
	{"a stage is left out", func(e *evidence) { e.coffee().trail[7].To = "Published" }, offPlan, "published before the last stage"},
	{"a stage has another percentage", func(e *evidence) { e.coffee().trail[6].Serving.Percent = 60 }, offPlan, "not the percentage"},
	{"a paused rollout goes on", func(e *evidence) {
		e.coffee().trail[5].Action = "pause" // of a rollout that nobody began, and
	}, offPlan, "there is no such stage"},
	{"a candidate stays when the rollout is over", func(e *evidence) { e.coffee().trail[8].Serving.Candidate = one }, offPlan, "nothing is rolled out"},
}

// outsider is a user who is not among the first percent.
func outsider(percent float64) string {
	for n := 1; ; n++ {
		if user := fmt.Sprint("user-", n); bucket("coffee", one.Version, user) >= percent*100 {
			return user
		}
	}
}

func TestEveryPlantedFaultIsFound(t *testing.T) {
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			e := faultless()
			p.plant(&e)
			found := slices.ContainsFunc(check(e), func(f fault) bool {
				return f.Kind == p.kind && f.MiniProgram == "coffee" && strings.Contains(f.Text, p.says)
			})
			if !found {
				t.Errorf("want %s: %q, got %v", p.kind, p.says, check(e))
			}
		})
	}
}

func TestTimeStandsStillInAPause(t *testing.T) {
	pause := func(resumed float64) evidence {
		e := faultless()
		p := e.coffee()
		candidate := p.trail[5].Serving
		middle := []record{
			entry(7, 6, "pause", "developer", "GrayscaleRelease", "GrayscaleRelease", candidate),
			entry(8, resumed, "resume", "developer", "GrayscaleRelease", "GrayscaleRelease", candidate),
		}
		tail := slices.Clone(p.trail[6:])
		for i := range tail {
			tail[i].Sequence, tail[i].Revision, tail[i].Change = tail[i].Sequence+2, tail[i].Revision+2, tail[i].Change+20
		}
		p.trail = slices.Concat(p.trail[:6], middle, tail)
		p.status.Revision, p.workflow.Revision = 11, 11
		e.answers, p.answers = nil, nil
		return e
	}
	if faults := check(pause(6)); len(faults) > 0 {
		t.Errorf("a pause without a length: got %v", faults)
	}
	if faults := check(pause(6.5)); len(faults) != 1 || faults[0].Kind != offPlan {
		t.Errorf("promoted half a second early: got %v", faults)
	}
	still := pause(6)
	still.coffee().trail[7].Action = "leave-feedback"
	still.coffee().trail[7].Kind = "remark"
	if faults := check(still); !slices.ContainsFunc(faults, func(f fault) bool { return strings.Contains(f.Text, "although it is paused") }) {
		t.Errorf("promoted while paused: got %v", faults)
	}
}

func TestOnlyAWebThatCannotKnowMayBeBehind(t *testing.T) {
	behind := answer{miniProgram: "coffee", user: outsider(50), web: 1, asked: after(14), answered: after(14), change: 70}
	for name, c := range map[string]struct {
		harm    harm
		excused bool
	}{
		"it was stopped":               {harm{"stop", "web-2", after(9), after(14)}, true},
		"it was cut from its database": {harm{"cut", "web-2>postgres", after(9), after(14)}, true},
		"its database is slow":         {harm{"delay", "web-2>postgres", after(9), after(14)}, true},
		"its database was killed":      {harm{"kill", "postgres", after(9.5), after(9.5)}, true},
		"the disk is full":             {harm{"fill", "disk", after(9), after(14)}, true},
		"the launcher was killed":      {harm{"kill", "launcher", after(9.5), after(9.5)}, true},
		"it was cut long before":       {harm{"cut", "web-2>postgres", after(0), after(1)}, false},
		"it was cut from Temporal":     {harm{"cut", "web-2>temporal", after(9), after(14)}, false},
		"another web was cut":          {harm{"cut", "web-1>postgres", after(9), after(14)}, false},
		"a worker was killed":          {harm{"kill", "worker-1", after(9.5), after(9.5)}, false},
	} {
		e := faultless()
		e.answers, e.harm = append(e.answers, behind), []harm{c.harm}
		if faults := check(e); len(faults) > 0 == c.excused {
			t.Errorf("%s: got %v", name, faults)
		}
	}
}

func TestTheLongestSilenceIsMeasured(t *testing.T) {
	e := evidence{webs: []string{"web"}, answers: []answer{{answered: after(1)}, {answered: after(4)}, {answered: after(5)}}}
	e.harm = []harm{{"stop", "web", after(2), after(3.5)}, {"stop", "worker", after(4), after(9)}}
	want := silence{longest: 3 * time.Second, running: 2 * time.Second, tooLong: []unanswered{{after(4), 1.5}, {after(7), 2}}}
	if got := e.silence(dawn, after(7)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want 3 s between two answers, and 2 s before the end: %v", got, want)
	}
}
