package pages

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/packages"
)

// lineNotes are what is said about a line of a file, by the inspection and by people.
type lineNotes struct {
	Findings []packages.Finding
	Posts    []post
}

// notesByLine are those about one file; what is about all of it has the line 0.
type notesByLine map[int]lineNotes

// notes are what is said about the file that is looked at.
func (p *Pages) notes(c *gin.Context, data *filesData) (notesByLine, error) {
	notes := notesByLine{}
	for _, finding := range data.Findings {
		at := notes[finding.Line]
		at.Findings = append(at.Findings, finding)
		notes[finding.Line] = at
	}
	said, err := p.Service.FileComments(c.Request.Context(), person(c), data.ID, data.Version.SHA256, data.Path)
	for _, one := range said {
		at := notes[one.Line]
		at.Posts = append(at.Posts, post{one, data.ID})
		notes[one.Line] = at
	}
	data.Posts, data.MayComment = notes[0].Posts, data.WhyNot(lifecycle.Comment, person(c)) == nil
	return notes, err
}

// haveLines tells whether something is about a line.
func (n notesByLine) haveLines() bool {
	for line := range n {
		if line > 0 {
			return true
		}
	}
	return false
}

// CommentHere leads to the form for a comment about the file that is looked at, in this package.
func (d filesData) CommentHere() string {
	query := url.Values{"file": {d.Path}, "version": {d.Version.Version}, "sha256": {d.Version.SHA256}}
	return "/mini-programs/" + d.ID + "/actions/" + string(lifecycle.Comment) + "?" + query.Encode()
}
