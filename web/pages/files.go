package pages

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/access"
	"slipway/web/service"
)

// maxShown and maxLines are how much of a text file a page shows, in bytes and lines; the file as it is has the rest.
const (
	maxShown = 96 << 10
	maxLines = 4000
)

// filesData is the page on which the files of a package are read.
type filesData struct {
	lifecycle.Status
	Version     lifecycle.Version
	MayDownload bool
	Path        string // what is looked at: a file, a folder, or "" for the package
	Tree        node
	File        *shownFile // nil for a folder
	// Against is the version that this one is compared with; nil when with none.
	Against    *lifecycle.Version
	Choices    []choice
	Comparison *packages.Comparison
	Change     *packages.FileChange // of the file, or nil
	Difference difference
	// Missing says that there is no such file, though there are findings about it.
	Missing bool
	// Findings are those about the file, or about the package as a whole.
	Findings []packages.Finding
	// Posts are the comments about the file as a whole; MayComment says that the person may add one.
	Posts      []post
	MayComment bool

	query url.Values
	files []packages.File
	found []packages.Finding // all of them
}

// choice is a version to compare with.
type choice struct {
	lifecycle.Version
	Value  string
	Live   bool
	Chosen bool
}

// shownFile is a file as a page shows it.
type shownFile struct {
	packages.Body
	Lines []codeLine
	Raw   string // where it is as it is
	// Formatted says that the lines are not those of the file; AsIs leads to the ones that are.
	Formatted bool
	AsIs      string
	Whole     string // leads from what changed in it to all of it
}

// codeLine is a line of code with what is said about it.
type codeLine struct {
	Number int
	HTML   template.HTML
	Notes  lineNotes
	Anchor bool // findings and comments lead to it
}

// Folder is where the version's pages are.
func (d filesData) Folder() string {
	return versionFolder(d.ID, d.Version.Version)
}

// filesQuery are the parameters that stay from page to page, and more, as names and values; what is "" is left out.
func filesQuery(sha256, against string, more ...string) string {
	query := url.Values{}
	all := append([]string{"sha256", sha256, "against", against}, more...)
	for pair := range slices.Chunk(all, 2) {
		if pair[1] != "" {
			query.Set(pair[0], pair[1])
		}
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

func (d filesData) queryWith(more ...string) string {
	return filesQuery(d.SHA256(), d.query.Get("against"), more...)
}

// SHA256 is the parameter that names one of several packages of the version.
func (d filesData) SHA256() string { return d.query.Get("sha256") }

// Link leads to a file or a folder.
func (d filesData) Link(path string) string { return fileAddress(d.Folder(), path, d.queryWith()) }

// Found are the findings, each with its address.
func (d filesData) Found() []shownFinding { return found(d.Findings, d.Folder(), d.queryWith()) }

// filesPage shows the files of a version, or one of them, or what changed in it.
func (p *Pages) filesPage(c *gin.Context) {
	data, err := p.filesData(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	title := data.Title + " " + data.Version.Version
	if data.Path != "" {
		title = data.Path + " · " + title
	}
	p.show(c, http.StatusOK, "files", page{Title: title, Data: data})
}

func (p *Pages) filesData(c *gin.Context) (filesData, error) {
	status, version, err := p.versionOf(c)
	if err != nil {
		return filesData{}, err
	}
	data := filesData{
		Status: status, Version: version, Path: strings.Trim(c.Param("path"), "/"), query: c.Request.URL.Query(),
		MayDownload: service.MayDownload(person(c), status.Team),
	}
	if data.files, err = p.Service.Files(c.Request.Context(), version); err != nil {
		return data, err
	}
	if err := p.compare(c, &data); err != nil {
		return data, err
	}
	if err := p.findings(c, &data); err != nil {
		return data, err
	}
	from, _ := strconv.Atoi(c.Query("from"))
	t := data.tree(from)
	if data.Tree = t.root(); t.isFolder(data.Path) {
		return data, nil
	}
	return data, p.readFile(c, &data)
}

// versionOf finds the version in the address.
func (p *Pages) versionOf(c *gin.Context) (lifecycle.Status, lifecycle.Version, error) {
	ctx := c.Request.Context()
	status, err := p.Service.Status(ctx, person(c), c.Param("id"))
	if err != nil {
		return status, lifecycle.Version{}, err
	}
	version, err := p.Service.FindVersion(ctx, person(c), status, c.Param("version"), c.Query("sha256"))
	return status, version, err
}

// compare finds the version to compare with, when the address has one, and what changed against it.
func (p *Pages) compare(c *gin.Context, data *filesData) error {
	ctx, against := c.Request.Context(), c.Query("against")
	if against != "" {
		before, err := p.Service.Against(ctx, person(c), data.Status, against)
		if err != nil {
			return err
		}
		data.Against = &before
		if data.Comparison, err = p.Service.ComparisonIfKept(ctx, before, data.Version); err != nil {
			return err
		}
		if data.Comparison == nil {
			return service.ErrNoPackage
		}
	}
	uploads, err := p.Service.Uploads(ctx, person(c), data.Status)
	for _, upload := range uploads {
		if upload.SHA256 == data.Version.SHA256 {
			continue
		}
		one := choice{Version: upload, Value: upload.SHA256, Chosen: data.Against != nil && data.Against.SHA256 == upload.SHA256}
		if one.Live = data.Live != nil && data.Live.SHA256 == upload.SHA256; one.Live {
			one.Value = service.Live
		}
		data.Choices = append(data.Choices, one)
	}
	return err
}

// findings are those of the inspection, and what is risky about the changes. A report that is not kept any more has none.
func (p *Pages) findings(c *gin.Context, data *filesData) error {
	report, err := p.Service.KeptReport(c.Request.Context(), data.Version.SHA256, data.Version.Version)
	if err != nil {
		return err
	}
	if report != nil {
		data.found = slices.Clone(report.Findings)
	}
	if data.Comparison != nil {
		data.found = append(data.found, data.Comparison.Risks...)
	}
	for _, finding := range data.found {
		if finding.Path == data.Path || data.Path == "" {
			data.Findings = append(data.Findings, finding)
		}
	}
	return nil
}

func (d filesData) tree(from int) tree {
	changes, found := map[string]string{}, map[string]int{}
	if d.Comparison != nil {
		for _, change := range d.Comparison.Files {
			changes[change.Path] = change.Change
		}
	}
	for _, finding := range d.found {
		found[finding.Path]++
	}
	listed := func(path string, from int) string {
		return fileAddress(d.Folder(), path, d.queryWith("from", strconv.Itoa(from)))
	}
	return tree{d.files, d.Path, from, d.Link, listed, changes, found}
}

// readFile reads the file that is looked at, and what changed in it when that is asked for.
func (p *Pages) readFile(c *gin.Context, data *filesData) error {
	ctx := c.Request.Context()
	byLine, err := p.notes(c, data)
	if err != nil {
		return err
	}
	if data.Against != nil && c.Query("as") != "whole" {
		change, err := p.Service.FileChange(ctx, *data.Against, data.Version, data.Path)
		if err != nil {
			return data.missing(err)
		}
		data.Change, data.Difference = &change, newDifference(change, byLine)
	}
	body, err := p.Service.File(ctx, data.Version, data.Path, maxShown)
	if errors.Is(err, packages.ErrNoFile) && data.Change != nil {
		return nil // it was removed
	}
	if err != nil {
		return data.missing(err)
	}
	if body.IsPicture() { // the page only leads to it
		body.Data, body.Cut = nil, false
	}
	data.File = newShownFile(body, byLine, c.Query("as") == "is")
	data.File.Raw = data.Folder() + "/raw/" + escapePath(data.Path) + filesQuery(data.SHA256(), "")
	data.File.AsIs = fileAddress(data.Folder(), data.Path, data.queryWith("as", "is"))
	data.File.Whole = fileAddress(data.Folder(), data.Path, data.queryWith("as", "whole"))
	return nil
}

// missing leaves an error that is shown on the page.
func (d *filesData) missing(err error) error {
	if d.Missing = errors.Is(err, packages.ErrNoFile) && len(d.Findings) > 0; d.Missing {
		return nil
	}
	return err
}

// newShownFile makes lines of a text. JSON is formatted, unless it is wanted as it is or something is said about its lines.
func newShownFile(body packages.Body, notes notesByLine, asIs bool) *shownFile {
	file := &shownFile{Body: body}
	if !body.IsText() || len(body.Data) == 0 {
		return file
	}
	text := body.Data
	if formatted, ok := formatJSON(body); ok && !asIs && !notes.haveLines() {
		text, file.Formatted = formatted, true
	}
	lines := highlight(body.Path, string(text))
	if len(lines) > maxLines {
		lines, file.Cut = lines[:maxLines], true
	}
	for i, line := range lines {
		file.Lines = append(file.Lines, codeLine{Number: i + 1, HTML: line, Notes: notes[i+1]})
	}
	return file
}

// formatJSON formats a whole JSON document that is not formatted already.
func formatJSON(body packages.Body) (formatted []byte, ok bool) {
	var out bytes.Buffer
	if body.Cut || !strings.HasSuffix(body.Path, ".json") || json.Indent(&out, body.Data, "", "  ") != nil || out.Len() > maxShown {
		return nil, false
	}
	return out.Bytes(), !bytes.Equal(bytes.TrimSpace(out.Bytes()), bytes.TrimSpace(body.Data))
}

// rawFile answers with a file as it is: a text, a picture, or something to keep.
func (p *Pages) rawFile(c *gin.Context) {
	_, version, err := p.versionOf(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	body, err := p.Service.File(c.Request.Context(), version, strings.Trim(c.Param("path"), "/"), p.Service.LongestFile())
	if err != nil {
		p.Refuse(c, err)
		return
	}
	access.SetForeign(c.Writer.Header(), body.Type, body.Path, body.Type != packages.Bytes)
	c.Data(http.StatusOK, body.Type, body.Data)
}

// downloadPackage answers with the package of a version.
func (p *Pages) downloadPackage(c *gin.Context) {
	status, version, err := p.versionOf(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	content, err := p.Service.Download(c.Request.Context(), person(c), status, version)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	defer func() { _ = content.Close() }()
	access.SetForeign(c.Writer.Header(), "application/zip", status.ID+"-"+version.Version+".zip", false)
	c.DataFromReader(http.StatusOK, content.Size(), "application/zip", content, nil)
}
