package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/service"
)

// versionData is the review page: what is in a version, what changed, what was said and decided before.
type versionData struct {
	lifecycle.Status
	Version    lifecycle.Version
	Report     *packages.Report
	Findings   []finding
	Comparison *packages.Comparison // with the live version
	Reviewed   *packages.Comparison // with the package that reviewers saw last
	// Request is the request to publish this version; nil when it does not wait for a decision.
	Request *lifecycle.Transition
	// Others are other packages that were uploaded as the same version.
	Others  []lifecycle.Version
	Actions actions
	Missing string // why there is no report
	// Taken is who is on the request; nil when this version does not wait for a decision.
	Taken        *request
	Conversation conversation
}

// version shows one version of a mini-program; a reviewer decides here.
func (p *Pages) version(c *gin.Context) {
	data, err := p.versionData(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "version", page{Title: data.Title + " " + data.Version.Version, Watch: data.ID, Data: data})
}

func (p *Pages) versionData(c *gin.Context) (versionData, error) {
	ctx := c.Request.Context()
	status, err := p.Service.Status(ctx, person(c), c.Param("id"))
	if err != nil {
		return versionData{}, err
	}
	data := versionData{Status: status}
	if err := p.findVersion(c, &data); err != nil {
		return versionData{}, err
	}
	version := data.Version
	if status.Candidate != nil && status.Candidate.SHA256 == version.SHA256 {
		all, err := p.actionsOf(c, status)
		if err != nil {
			return versionData{}, err
		}
		data.Actions, data.Taken = all.decisions(), requestOf(c, status)
	}
	if data.Conversation, err = p.conversationOf(c, status); err != nil {
		return versionData{}, err
	}
	report, err := p.Service.Report(ctx, version)
	if errors.Is(err, service.ErrNoPackage) || errors.Is(err, packages.ErrCorrupt) {
		data.Missing = p.words(c).t("The package store does not have this package any more.")
		return data, nil
	}
	if err != nil {
		return data, err
	}
	data.Report = &report
	if data.Findings, err = p.findingsFor(c, status, version.Version, report); err != nil {
		return data, err
	}
	data.Comparison, data.Reviewed, err = p.Service.Changes(ctx, status, version)
	return data, err
}

// findVersion finds the version in the address, and what was asked and decided about the mini-program.
func (p *Pages) findVersion(c *gin.Context, data *versionData) error {
	ctx, sha256 := c.Request.Context(), c.Query("sha256")
	versions, err := p.Service.Versions(ctx, person(c), data.Status, c.Param("version"))
	if err != nil {
		return err
	}
	for i, version := range versions {
		if sha256 == version.SHA256 || sha256 == "" && i == 0 {
			data.Version = version
		} else {
			data.Others = append(data.Others, version)
		}
	}
	if data.Version.SHA256 == "" {
		return service.ErrNoVersion
	}
	reviews, err := p.Service.Reviews(ctx, person(c), data.ID)
	if len(reviews) > 0 && data.UnderReview() && reviews[0].Action == lifecycle.RequestPublishing {
		data.Request = &reviews[0]
	}
	return err
}

// UnderReview tells whether this version is the one that waits for a decision.
func (d versionData) UnderReview() bool {
	return d.Review != nil && d.Candidate != nil && d.Candidate.SHA256 == d.Version.SHA256
}
