package pages

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // people name their time zone, whatever the machine knows

	"github.com/google/uuid"

	"slipway/lifecycle"
)

// form is what somebody fills in to take an action, as they typed it.
type form struct {
	Action lifecycle.Action
	// RequestID makes the form count once, however often it is sent; IfRevision is what its sender saw.
	RequestID  string
	IfRevision int

	Comment, Notes, Text string
	Rating               int
	Percent, Testers     string
	// At is a local time in Zone; empty means now.
	At, Zone string
	Plan     planForm
	Version  string
}

// newForm is the form for an action on a mini-program as it stands.
func newForm(rule lifecycle.Rule, status lifecycle.Status) form {
	f := form{Action: rule.Action, RequestID: uuid.NewString(), IfRevision: status.Revision, Zone: "UTC"} // until the browser says its own
	if f.Has("percent") && status.Rollout != nil {
		f.Percent = percentText(status.Rollout.Percent)
		f.Testers = strings.Join(status.Rollout.Testers, "\n")
	}
	return f
}

// Own tells whether the form needs a page of its own.
func (f form) Own() bool {
	return f.Action == lifecycle.UploadCode || f.Action == lifecycle.Publish || f.Action == lifecycle.ChangePlan
}

// Has tells whether the form asks for a field.
func (f form) Has(field string) bool {
	switch field {
	case "comment":
		return f.Action != lifecycle.LeaveFeedback
	case "package": // chosen as a file
		return false
	default:
		return slices.Contains(f.Rule().Fields, field)
	}
}

// Ratings are those to choose from.
func (f form) Ratings() []int { return []int{1, 2, 3, 4, 5} }

// Rule is the action's row of the transition table.
func (f form) Rule() lifecycle.Rule {
	rule, _ := lifecycle.RuleFor(f.Action)
	return rule
}

// readForm takes over what was typed; what cannot be understood is found by command.
func readForm(action lifecycle.Action, posted url.Values) form {
	revision, _ := strconv.Atoi(posted.Get("if_revision"))
	rating, _ := strconv.Atoi(posted.Get("rating"))
	return form{
		Action: action, RequestID: cmp.Or(posted.Get("request_id"), uuid.NewString()), IfRevision: revision,
		Comment: lines(posted.Get("comment")), Notes: lines(posted.Get("notes")), Text: lines(posted.Get("text")), Rating: rating,
		Percent: posted.Get("percent"), Testers: lines(posted.Get("testers")),
		At: posted.Get("at"), Zone: posted.Get("zone"), Plan: readPlanForm(posted),
	}
}

// lines undoes what browsers do to the ends of lines.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// command is what the form asks for. A refusal says which field cannot be understood.
func (f form) command(person lifecycle.Actor) (lifecycle.Command, error) {
	command := lifecycle.Command{
		Action: f.Action, Actor: person, RequestID: f.RequestID, IfRevision: f.IfRevision, Comment: f.Comment,
	}
	var err error
	if f.Has("notes") {
		command.Notes = f.Notes
	}
	if f.Has("rating") {
		command.Rating, command.Text = f.Rating, f.Text
	}
	if f.Has("percent") {
		err = f.readGrayscale(&command)
	}
	if f.Has("plan") {
		err = f.readPlan(&command)
	}
	return command, err
}

func (f form) readGrayscale(command *lifecycle.Command) error {
	percent, err := readPercent("the percentage", f.Percent)
	if err != nil {
		return err
	}
	command.Percent, command.Testers = &percent, new(readTesters(f.Testers))
	return nil
}

func (f form) readPlan(command *lifecycle.Command) error {
	plan, err := f.Plan.read()
	if err != nil {
		return err
	}
	command.Plan = &plan
	if !f.Has("at") || f.At == "" {
		return nil
	}
	at, err := f.readAt()
	command.At = &at
	return err
}

// localTime is how browsers send a local time; some add the seconds.
const localTime = "2006-01-02T15:04"

func (f form) readAt() (time.Time, error) {
	zone, err := time.LoadLocation(f.Zone)
	if err != nil || f.Zone == "" || f.Zone == "Local" { // the machine's own, which nobody means
		return time.Time{}, lifecycle.Refuse(lifecycle.InvalidInput, "there is no time zone %.100q; give one such as UTC or Asia/Shanghai", f.Zone)
	}
	for _, layout := range []string{localTime, localTime + ":05"} {
		if at, err := time.ParseInLocation(layout, f.At, zone); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, lifecycle.Refuse(lifecycle.InvalidInput, "%q is not a time; write it as %s", f.At, localTime)
}

// readTesters reads a user id from each line.
func readTesters(text string) []string {
	testers := []string{}
	for line := range strings.Lines(text) {
		if tester := strings.TrimSpace(line); tester != "" {
			testers = append(testers, tester)
		}
	}
	return testers
}

func percentText(percent lifecycle.Percent) string {
	return strconv.FormatFloat(percent.Float(), 'f', -1, 64)
}

func readPercent(what, text string) (lifecycle.Percent, error) {
	var percent lifecycle.Percent
	if err := percent.UnmarshalJSON([]byte(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%")))); err != nil {
		return 0, lifecycle.Refuse(lifecycle.InvalidInput, "%s is %q; write a number from 0 to 100", what, text)
	}
	return percent, nil
}
