package pages

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/web/service"
)

// conversationLength is how much of a conversation a page shows; the audit trail has the rest.
const conversationLength = 50

// conversation is what was said about a mini-program, oldest first, and where to go on with it.
type conversation struct {
	ID    string
	Posts []post
	// Earlier says that there is more before.
	Earlier bool
	// Comment is nil for whoever cannot write one.
	Comment *remark
}

// post is one thing said about the mini-program with the id.
type post struct {
	service.Post
	ID string
}

// Place leads to the line, the file or the package that it is about.
func (p post) Place() string {
	return lineAddress(versionFolder(p.ID, p.Package.Version), p.File, p.Line, filesQuery(p.Package.SHA256, ""))
}

// remark is a form for what does not move a mini-program on.
type remark struct {
	ID   string
	Form form
}

// conversationOf is the conversation on a page about a version, in whose package the files are that comments name there; nil is none.
func (p *Pages) conversationOf(c *gin.Context, status lifecycle.Status, version *lifecycle.Version) (conversation, error) {
	found, err := p.Service.Conversation(c.Request.Context(), person(c), status.ID, 0, conversationLength)
	data := conversation{ID: status.ID, Earlier: found.Next > 0, Comment: newRemark(c, status, lifecycle.Comment)}
	if version != nil && data.Comment != nil {
		data.Comment.Form.Package = lifecycle.Package{Version: version.Version, SHA256: version.SHA256}
	}
	for _, one := range slices.Backward(found.Posts) {
		data.Posts = append(data.Posts, post{one, status.ID})
	}
	return data, err
}

// newRemark is a form that leads back to the page that it is on; nil when the person cannot make the remark now.
func newRemark(c *gin.Context, status lifecycle.Status, action lifecycle.Action) *remark {
	if status.WhyNot(action, person(c)) != nil {
		return nil
	}
	rule, _ := lifecycle.RuleFor(action)
	form := newForm(rule, status)
	form.Back, form.Platform = c.Request.URL.Path, person(c).OnPlatformSide()
	if sum := c.Query("sha256"); sum != "" {
		form.Back += "?sha256=" + url.QueryEscape(sum)
	}
	return &remark{status.ID, form}
}

// readComment reads which place a comment is about, and for whom it is.
func (f form) readComment(command *lifecycle.Command) error {
	command.PlatformOnly, command.File = f.PlatformOnly, f.File
	if f.File != "" && f.Package != (lifecycle.Package{}) {
		command.Package = &f.Package
	}
	typed := strings.TrimSpace(f.Line)
	if typed == "" {
		return nil
	}
	line, err := strconv.Atoi(typed)
	if err != nil || line < 1 {
		return invalid("the line is %q; write its number, such as 12, or leave it empty", f.Line)
	}
	command.Line = line
	return nil
}

// aboutPlace takes over the place in the package that a link to the form names.
func (f form) aboutPlace(query url.Values) form {
	f.File, f.Line = query.Get("file"), query.Get("line")
	f.Package = lifecycle.Package{Version: query.Get("version"), SHA256: query.Get("sha256")}
	return f
}

// request is who is on a request that waits for a decision.
type request struct {
	*lifecycle.Review
	// Shown are the steps of the review; nil where a single one is for all reviewers.
	Shown []shownStep
	// Take and HandBack are nil when there is nothing to take or to hand back for the person.
	Take, HandBack *remark
}

// shownStep is a step of a review, to which the person's decision counts when it is theirs.
type shownStep struct {
	lifecycle.ReviewStep
	Yours bool
}

func shownSteps(review lifecycle.Review, person lifecycle.Actor) (shown []shownStep) {
	steps := review.AllSteps()
	if len(steps) == 1 && steps[0].Role == lifecycle.Reviewer {
		return nil
	}
	yours, _ := review.StepOf(person)
	for at, step := range steps {
		shown = append(shown, shownStep{step, at == yours})
	}
	return shown
}

func requestOf(c *gin.Context, status lifecycle.Status) *request {
	if status.Review == nil {
		return nil
	}
	data, me := request{Review: status.Review, Shown: shownSteps(*status.Review, person(c))}, person(c).User
	switch assign := newRemark(c, status, lifecycle.Assign); {
	case assign == nil:
	case status.Review.Assignee == me:
		data.HandBack = assign
	case mayDecide(*status.Review, person(c)):
		assign.Form.Assignee = me
		data.Take = assign
	}
	return &data
}

func mayDecide(review lifecycle.Review, person lifecycle.Actor) bool {
	_, refusal := review.StepOf(person)
	return refusal == nil && !slices.Contains(review.Barred(), person.User)
}
