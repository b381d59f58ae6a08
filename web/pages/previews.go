package pages

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"rsc.io/qr"

	"slipway/web/service"
)

// previewData is the page where previews of a candidate are made, and the one that a link to a preview leads to.
type previewData struct {
	ID, Version string
	Hours       []int
	// Sees says that the person may look at the version, too: testers need not.
	Sees bool
	Made *service.Preview
	Code *qrCode
}

// previewHours are for how long a preview may last.
var previewHours = []int{1, 24, 7 * 24}

func (p *Pages) newPreviewData(c *gin.Context) previewData {
	data := previewData{ID: c.Param("id"), Version: c.Param("version"), Hours: previewHours}
	_, err := p.Service.Status(c.Request.Context(), person(c), data.ID)
	data.Sees = err == nil
	return data
}

// previews asks for how long.
func (p *Pages) previews(c *gin.Context) {
	data := p.newPreviewData(c)
	if err := p.Service.MayPreview(c.Request.Context(), person(c), data.ID, data.Version); err != nil {
		p.Refuse(c, err)
		return
	}
	p.showPreview(c, http.StatusOK, data)
}

func (p *Pages) showPreview(c *gin.Context, status int, data previewData) {
	p.show(c, status, "preview", page{Title: p.words(c).t("Preview of %s %s", data.ID, data.Version), Data: data})
}

// makePreview answers with the preview as a QR code.
func (p *Pages) makePreview(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	hours, err := strconv.Atoi(posted.Get("hours"))
	if err != nil || hours < 1 || hours > int(service.MaxPreview/time.Hour) {
		p.Refuse(c, invalid("the number of hours is %.100q; write a number from 1 to %d", posted.Get("hours"), int(service.MaxPreview/time.Hour)))
		return
	}
	data := p.newPreviewData(c)
	ends := time.Now().Add(time.Duration(hours) * time.Hour)
	made, err := p.Service.MakePreview(c.Request.Context(), person(c), data.ID, data.Version, ends, p.Service.BaseURL(addressOf(c.Request)))
	if err == nil {
		data.Made = &made
		data.Code, err = newQRCode(made.Link)
	}
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.showPreview(c, http.StatusOK, data)
}

// readPreview is where a link to a preview leads when no host app takes it.
func (p *Pages) readPreview(c *gin.Context) {
	preview, err := p.Service.ReadPreview(c.Request.Context(), c.Param("preview"), p.Service.BaseURL(addressOf(c.Request)))
	data := previewData{ID: preview.MiniProgram, Version: preview.Version, Made: &preview}
	if err == nil {
		data.Code, err = newQRCode(preview.Link)
	}
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.showPreview(c, http.StatusOK, data)
}

func addressOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// qrCode is a QR code as a picture: a square with a margin, and the path of what is black.
type qrCode struct {
	Size int
	Path string
}

// qrMargin is what readers need around a code, in its dots.
const qrMargin = 4

func newQRCode(text string) (*qrCode, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			begins := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > begins {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begins+qrMargin, y+qrMargin, x-begins, x-begins)
			}
		}
	}
	return &qrCode{code.Size + 2*qrMargin, path.String()}, nil
}
