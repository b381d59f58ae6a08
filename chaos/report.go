package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"time"
)

// report is what a run has found out.
type report struct {
	Shape      string    `json:"shape"`
	Seed       uint64    `json:"seed"`
	Begin      time.Time `json:"begin"`
	Processors int       `json:"processors"`
	Programs   int       `json:"mini_programs"`
	// Harmed is how long something was harmed, Healing how long after that until every rollout had arrived. All times are seconds.
	Harmed  float64 `json:"harmed_s"`
	Healing float64 `json:"healing_s"`

	Acknowledged int `json:"acknowledged"`
	Refused      int `json:"refused"`
	Lost         int `json:"lost"`
	Doubled      int `json:"doubled"`
	Rollouts     int `json:"rollouts_published"`

	Kills         int            `json:"kills"`
	KillsBy       map[string]int `json:"kills_by_process"`
	OtherHarm     map[string]int `json:"other_harm"`
	DiskCouldFill bool           `json:"disk_could_fill"`

	Answers int `json:"delivery_answers"`
	// LongestSilence is the longest time in which no host app got an answer, LongestSilenceRunning without the time in which the only web was
	// stopped.
	LongestSilence        float64      `json:"longest_silence_s"`
	LongestSilenceRunning float64      `json:"longest_silence_while_a_web_runs_s"`
	SilentTooLong         []unanswered `json:"silent_too_long_while_a_web_runs"`
	// LongestToHeal is the longest that an action took from when it was first sent, through all that was done meanwhile, to its answer.
	LongestToHeal float64 `json:"longest_to_heal_s"`

	Faults []fault `json:"faults"`
}

func (x experiment) report(e evidence, t times, diskCouldFill bool) report {
	r := report{
		Shape: x.shape, Seed: x.seed, Begin: t.begin.Round(time.Second), Processors: runtime.NumCPU(), Programs: x.programs,
		Harmed: t.harmed.Sub(t.begin).Seconds(), Healing: t.healed.Sub(t.harmed).Seconds(), DiskCouldFill: diskCouldFill,
		KillsBy: map[string]int{}, OtherHarm: map[string]int{}, Answers: len(e.answers), Faults: check(e),
	}
	r.count(e)
	for _, f := range r.Faults {
		switch f.Kind {
		case lost:
			r.Lost++
		case doubled:
			r.Doubled++
		}
	}
	s := e.silence(t.begin, t.healed)
	r.LongestSilence, r.LongestSilenceRunning, r.SilentTooLong = s.longest.Seconds(), s.running.Seconds(), s.tooLong
	return r
}

// count counts what was done and what was harmed.
func (r *report) count(e evidence) {
	for _, each := range e.requests {
		switch {
		case each.answered.IsZero():
			continue
		case each.accepted:
			r.Acknowledged++
		default:
			r.Refused++
		}
		r.LongestToHeal = max(r.LongestToHeal, each.answered.Sub(each.sent).Seconds())
	}
	for _, h := range e.harm {
		if h.kind == "kill" {
			r.Kills++
			r.KillsBy[h.target]++
		} else {
			r.OtherHarm[h.kind]++
		}
	}
	for _, p := range e.programs {
		for _, entry := range p.trail {
			if entry.To == "Published" && entry.Action == "advance" {
				r.Rollouts++
			}
		}
	}
}

// mostShown is how many faults are printed; the JSON has all.
const mostShown = 30

func (r report) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s, seed %d, %s, %d processors, %d mini-programs, harmed for %.0f s, healed %.1f s after that\n",
		r.Shape, r.Seed, r.Begin.Format(time.DateTime), r.Processors, r.Programs, r.Harmed, r.Healing)
	fmt.Fprintf(out, "  acknowledged %d, lost %d, doubled %d (refused %d); %d rollouts came to everyone\n",
		r.Acknowledged, r.Lost, r.Doubled, r.Refused, r.Rollouts)
	fmt.Fprintf(out, "  kills %d:%s; besides:%s\n", r.Kills, counts(r.KillsBy), counts(r.OtherHarm))
	if !r.DiskCouldFill {
		fmt.Fprintln(out, "  the disk was never full: this machine lets us mount none that could be filled")
	}
	fmt.Fprintf(out, "  %d answers to host apps; longest time without one %.2f s, %.2f s while a web runs\n",
		r.Answers, r.LongestSilence, r.LongestSilenceRunning)
	for _, each := range r.SilentTooLong {
		fmt.Fprintf(out, "    %.2f s without one, until %s\n", each.Seconds, clock(each.Until))
	}
	fmt.Fprintf(out, "  longest time to heal %.1f s: from an action's first try to its answer\n", r.LongestToHeal)
	fmt.Fprintf(out, "  faults %d\n", len(r.Faults))
	for n, f := range r.Faults {
		if n == mostShown {
			fmt.Fprintf(out, "    and %d more\n", len(r.Faults)-n)
			break
		}
		fmt.Fprintf(out, "    %s: %s: %s\n", f.Kind, f.MiniProgram, f.Text)
	}
	fmt.Fprintln(out)
}

// counts writes numbers with their names.
func counts(of map[string]int) (text string) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		text += fmt.Sprintf(" %s %d", name, of[name])
	}
	if text == "" {
		return " none"
	}
	return text
}
