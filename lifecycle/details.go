package lifecycle

import (
	"fmt"
	"strings"
	"time"
)

// Moment is how a time is written in sentences for people.
const Moment = "2 Jan 2006, 15:04 MST"

// details says what an accepted command has set: percentages, plans, times. "" when there is nothing to say beyond the action. It is at
// most an excerpt, because timelines carry it.
func details(before, after MiniProgram, command Command) string {
	var said []string
	switch command.Action {
	case Publish:
		said = publication(after)
	case CancelSchedule:
		said = append(said, "it was scheduled for "+moment(before.Schedule.At))
	case SetGrayscale:
		said = grayscaleChange(before.Rollout.Plan.Grayscale, after.Rollout.Plan.Grayscale)
	case Promote, Advance:
		said = append(said, stageReached(after))
	case Pause:
		said = append(said, fmt.Sprintf("at %s, %s of the stage left", after.Rollout.Percent(), timeLeft(*after.Rollout)))
	case Resume:
		said = append(said, fmt.Sprintf("at %s, %s of the stage left", after.Rollout.Percent(), timeLeft(*before.Rollout)))
	case ChangePlan:
		said = planChange(after)
	case Rollback:
		said = append(said, "taken back from "+before.Rollout.Percent().String())
	case Revert:
		said = append(said, fmt.Sprintf("from %s to %s", before.Live.Version, after.Live.Version))
	case LeaveFeedback:
		said = append(said, fmt.Sprintf("rating %d of 5", command.Rating))
	}
	return excerpt(strings.Join(said, "; "))
}

func publication(after MiniProgram) []string {
	if after.Schedule != nil {
		return []string{"scheduled for " + moment(after.Schedule.At), after.Plan.Outline()}
	}
	return []string{after.Rollout.Plan.Outline()}
}

func grayscaleChange(before, after Grayscale) []string {
	var said []string
	if before.Percent != after.Percent {
		said = append(said, fmt.Sprintf("%s instead of %s", after.Percent, before.Percent))
	}
	if was, is := len(before.Testers), len(after.Testers); was != is {
		said = append(said, fmt.Sprintf("%s instead of %d", Count(is, "tester"), was))
	} else if strings.Join(before.Testers, "\n") != strings.Join(after.Testers, "\n") {
		said = append(said, "other testers, "+Count(is, "tester"))
	}
	if said == nil {
		return []string{fmt.Sprintf("as before: %s, %s", after.Percent, Count(len(after.Testers), "tester"))}
	}
	return said
}

func stageReached(after MiniProgram) string {
	if after.Rollout == nil {
		return "for everyone"
	}
	reached := "to " + after.Rollout.Percent().String()
	if hold := after.Rollout.StageTime(); hold > 0 {
		reached += " for " + Duration(hold).Rounded().String()
	}
	return reached
}

func planChange(after MiniProgram) []string {
	if after.Rollout == nil {
		return []string{after.Plan.Outline()}
	}
	return []string{after.Rollout.Plan.Outline()}
}

// Outline is the plan in one line: its name, and how many users have the release for how long.
func (p Plan) Outline() string {
	name := "own plan"
	if p.Name != "" {
		name = "plan " + shorten(p.Name, 40)
	}
	stages := []string{fmt.Sprintf("%s for %s", p.Grayscale.Percent, p.Grayscale.Bake)}
	for _, stage := range p.Production {
		text := stage.Percent.String()
		if stage.Hold > 0 {
			text += " for " + stage.Hold.String()
		}
		stages = append(stages, text)
	}
	return name + ": " + strings.Join(stages, ", ")
}

func moment(at time.Time) string { return at.UTC().Format(Moment) }

func timeLeft(r Rollout) Duration {
	if r.PausedAt == nil {
		return 0
	}
	return Duration(r.Remaining(*r.PausedAt)).Rounded()
}

// Count is a number of things: 1 file, 2 files.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
