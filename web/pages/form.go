package pages

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"slipway/lifecycle"
)

// form is what somebody fills in to take an action, as they typed it.
type form struct {
	Action lifecycle.Action
	// RequestID makes the form count once, however often it is sent; IfRevision is what its sender saw.
	RequestID  string
	IfRevision int

	// Typed says that somebody has filled it in: what is in it is not only what was suggested.
	Typed bool
	// Many is for a form about many mini-programs: nothing is asked that is about one.
	Many bool

	Comment, Notes, Text string
	Rating               int
	PlatformOnly         bool
	File, Line           string
	// Package is the one that File is in; the zero value leaves it to the lifecycle, which takes the newest.
	Package  lifecycle.Package
	Assignee string
	// Override goes on outside the release windows; MayOverride says that its sender may, OnlyOverride that they can do nothing else.
	Override, MayOverride, OnlyOverride bool

	Waivers []waiver
	// WaiversLater says that waivers may be left to those who decide the other steps.
	WaiversLater bool
	// Back is the page that a remark leads back to; Platform says that its writer is of the platform, who may keep it from the team.
	Back             string
	Platform         bool
	Percent, Testers string
	// At is a local time in Zone; empty means now. Offset says which one is meant where clocks show it twice.
	At, Zone, Offset string
	Plan             planForm
	Version          string
}

// newForm is the form for an action on a mini-program as it stands.
func newForm(rule lifecycle.Rule, status lifecycle.Status) form {
	f := form{Action: rule.Action, RequestID: uuid.NewString(), IfRevision: status.Revision, Zone: "UTC"} // until the browser says its own
	if f.Has("percent") && status.Rollout != nil {
		f.Percent = percentText(status.Rollout.Percent)
		f.Testers = testersText(status.Rollout.Testers)
	}
	if rule.Kind == lifecycle.KindRemark { // which no change makes stale
		f.IfRevision = 0
	}
	return f
}

// Own tells whether the form needs a page of its own.
func (f form) Own() bool {
	return f.Action == lifecycle.UploadCode || f.Action == lifecycle.Publish || f.Action == lifecycle.ChangePlan
}

// Asks tells whether there is something to fill in.
func (f form) Asks() bool {
	return f.Own() || f.NeedsComment() || f.Has("percent") || f.Has("rating")
}

// NeedsComment tells whether it is refused without a comment, whatever else is filled in.
func (f form) NeedsComment() bool { return f.Rule().NeedsComment || f.OnlyOverride }

// Weight is that of the button that sends the form.
func (f form) Weight() string { return string(weightOf(f.Action)) }

// Has tells whether the form asks for a field.
func (f form) Has(field string) bool {
	switch field {
	case "comment":
		return f.Rule().Kind != lifecycle.KindRemark
	case "package": // chosen as a file, or known from where the form is
		return false
	case "at": // an override is for now
		return !f.OnlyOverride && slices.Contains(f.Rule().Fields, field)
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
		PlatformOnly: posted.Get("platform_only") == "yes", File: strings.TrimSpace(posted.Get("file")), Line: posted.Get("line"),
		Package:  lifecycle.Package{Version: posted.Get("version"), SHA256: posted.Get("sha256")},
		Override: posted.Get("override") == "yes", Assignee: posted.Get("assignee"), Back: posted.Get("back"), Waivers: readWaivers(posted),
		Percent: posted.Get("percent"), Testers: lines(posted.Get("testers")),
		At: posted.Get("at"), Zone: posted.Get("zone"), Offset: posted.Get("offset"), Plan: readPlanForm(posted),
	}
}

// fieldsOnce reads a form in which each field occurs once: of two, nobody knows which is meant.
func fieldsOnce(c *gin.Context) (url.Values, error) {
	if err := c.Request.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, err
		}
		return nil, invalid("the form is malformed or incomplete; send all of it, as browsers do")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Request.PostForm)) {
		if len(c.Request.PostForm[name]) > 1 {
			return nil, invalid("the form has the field %.100q twice; send it once", name)
		}
	}
	return c.Request.PostForm, nil
}

// invalid refuses what cannot be understood, or is not there.
func invalid(format string, args ...any) *lifecycle.Refusal {
	return lifecycle.Refuse(lifecycle.InvalidInput, format, args...)
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
		command.Rating = f.Rating
	}
	if f.Has("text") {
		command.Text = f.Text
	}
	if f.Has("assignee") {
		command.Assignee = f.Assignee
	}
	if f.Has("override") {
		command.Override = f.Override
	}
	for _, waiver := range f.Waivers {
		if strings.TrimSpace(waiver.Reason) == "" {
			continue // the refusal names what has to be waived
		}
		command.Waivers = append(command.Waivers, waiver.Waiver)
	}
	if f.Has("file") {
		err = f.readComment(&command)
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
	testers, err := readTesters(f.Testers)
	command.Percent, command.Testers = &percent, &testers
	return err
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
	at, err := readLocalTime(f.At, f.Zone, f.Offset)
	command.At = &at
	return err
}

// Moments are those to choose from where clocks show the time twice.
func (f form) Moments() []momentChoice { return momentChoices(f.At, f.Zone, f.Offset) }

// testersText writes a user id on each line, so that readTesters finds the same ones: in quotes what it would take for something else.
func testersText(testers []string) string {
	lines := make([]string, len(testers))
	for i, tester := range testers {
		lines[i] = tester
		if tester == "" || strings.HasPrefix(tester, quote) || strings.ContainsFunc(tester, separates) || !utf8.ValidString(tester) {
			lines[i] = strconv.Quote(tester)
		}
	}
	return strings.Join(lines, "\n")
}

const quote = `"`

// separates tells what people put between several user ids.
func separates(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;，；、", r) }

// readTesters reads a user id from each line, without the blanks around it. A line that may be one id or several is refused, unless it is
// in quotes.
func readTesters(text string) ([]string, error) {
	testers := []string{}
	for line := range strings.Lines(text) {
		tester := strings.TrimSpace(line)
		if tester == "" {
			continue
		}
		quoted, err := strconv.Unquote(tester)
		switch {
		case strings.HasPrefix(tester, quote) && err == nil:
			tester = quoted
		case strings.HasPrefix(tester, quote):
			return nil, invalid("the tester %.100q begins with a quotation mark; write an id that contains one as in %s",
				tester, strconv.Quote(`"ann`))
		case strings.ContainsFunc(tester, separates):
			return nil, invalid("the testers line %.100q could be one user id or several; put each id on a line of its own, "+
				"and one that contains blanks or commas in quotes", tester)
		}
		testers = append(testers, tester)
	}
	return testers, nil
}

func percentText(percent lifecycle.Percent) string {
	return strconv.FormatFloat(percent.Float(), 'f', -1, 64)
}

func readPercent(what, text string) (lifecycle.Percent, error) {
	var percent lifecycle.Percent
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if err := percent.UnmarshalJSON([]byte(number)); err != nil || number == "null" { // which JSON takes for nothing said
		return 0, invalid("%s is %q; write a number from 0 to 100", what, text)
	}
	return percent, nil
}
