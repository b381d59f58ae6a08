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
	// Previewable tells that this is the candidate, which a device can be given.
	Previewable bool
	Missing     string // why there is no report
	// Taken is who is on the request; nil when this version does not wait for a decision.
	Taken        *request
	Conversation conversation
	// MayDownload says that the person may have the package as a file; sha256 is that in the address, "" when there is none.
	MayDownload bool
	sha256      string
}

// Files leads to the files of the version.
func (d versionData) Files() string { return fileAddress(d.folder(), "", filesQuery(d.sha256, "")) }

// Package leads to the package of the version as a file.
func (d versionData) Package() string { return d.folder() + "/package" + filesQuery(d.sha256, "") }

func (d versionData) folder() string { return versionFolder(d.ID, d.Version.Version) }

// Found leads from findings to the files.
func (d versionData) Found(findings []packages.Finding) []shownFinding {
	return found(findings, d.folder(), filesQuery(d.sha256, ""))
}

// Compared leads from a comparison to the files.
func (d versionData) Compared(comparison *packages.Comparison) compared {
	against := comparison.OldSHA256
	if d.Live != nil && d.Live.SHA256 == against {
		against = service.Live
	}
	return compared{*comparison, d.folder(), filesQuery(d.sha256, against)}
}

// version shows one version of a mini-program; a reviewer decides here.
func (p *Pages) version(c *gin.Context) {
	data, err := p.versionData(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "version", page{
		Title: data.Title + " " + data.Version.Version, Watch: data.ID, Of: data.Version.SHA256, Data: data,
	})
}

func (p *Pages) versionData(c *gin.Context) (versionData, error) {
	ctx := c.Request.Context()
	status, err := p.Service.Status(ctx, person(c), c.Param("id"))
	if err != nil {
		return versionData{}, err
	}
	data := versionData{Status: status, MayDownload: service.MayDownload(person(c), status.Team), sha256: c.Query("sha256")}
	if err := p.findVersion(c, &data); err != nil {
		return versionData{}, err
	}
	version := data.Version
	if status.Candidate != nil && status.Candidate.SHA256 == version.SHA256 {
		data.Actions = newActions(status, person(c), p.words(c))
		if err := p.askForAll(ctx, status, &data.Actions); err != nil {
			return versionData{}, err
		}
		data.Actions, data.Taken = data.Actions.decisions(), requestOf(c, status)
		data.Previewable = p.Service.MayPreview(ctx, person(c), status.ID, version.Version) == nil
	}
	if data.Conversation, err = p.conversationOf(c, status, &version); err != nil {
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
	if data.Findings, err = p.findingsFor(c, status, version.Version, data.Found(report.Findings)); err != nil {
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
