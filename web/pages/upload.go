package pages

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/service"
	"slipway/web/uploadform"
	"slipway/workflows"
)

// upload streams the file of the form into the store. What was refused is shown with what was typed, and kept.
func (p *Pages) upload(c *gin.Context) {
	upload := service.Upload{MiniProgram: c.Param("id"), Person: person(c)}
	report, err := p.takeUpload(c, &upload)
	if err == nil || errors.Is(err, workflows.ErrUnfinished) {
		p.forget(c, upload.MiniProgram)
		c.Redirect(http.StatusSeeOther, outcomeAt(upload.MiniProgram, upload.RequestID))
		return
	}
	form := form{
		Action: lifecycle.UploadCode, RequestID: cmp.Or(upload.RequestID, uuid.NewString()), IfRevision: upload.IfRevision,
		Version: upload.Version, Notes: upload.Notes, Typed: true,
	}
	p.keep(c, form, report, err)
	p.showAgain(c, form, report, err)
}

// keep keeps what somebody sent in vain. Whether that can be done or not, they see it once more.
func (p *Pages) keep(c *gin.Context, form form, report *packages.Report, err error) {
	draft := service.Draft{
		RequestID: form.RequestID, IfRevision: form.IfRevision, Version: form.Version, Notes: form.Notes,
		Problem: p.Service.Problem(err).Message, Refused: isRefusal(err),
	}
	if report != nil {
		draft.SHA256 = report.SHA256
	}
	if err := p.Service.KeepDraft(c.Request.Context(), person(c), c.Param("id"), draft); err != nil {
		p.Service.Logger.Warn("an upload that failed was not kept", zap.Error(err))
	}
}

func (p *Pages) forget(c *gin.Context, id string) {
	if err := p.Service.DropDraft(c.Request.Context(), person(c), id); err != nil {
		p.Service.Logger.Warn("an upload that failed before was not forgotten", zap.Error(err))
	}
}

// takeUp shows the form with what was sent in vain the last time. A request that may have been recorded stays the same one until it is
// answered; then this leads to the answer.
func (p *Pages) takeUp(c *gin.Context, data actionData) {
	ctx := c.Request.Context()
	draft, err := p.Service.Draft(ctx, person(c), data.ID)
	if err == nil && draft != nil && !draft.Refused {
		if _, errAnswer := p.Service.Outcome(ctx, person(c), data.ID, draft.RequestID); errAnswer == nil {
			p.forget(c, data.ID)
			c.Redirect(http.StatusSeeOther, outcomeAt(data.ID, draft.RequestID))
			return
		}
		data.Form.RequestID, data.Form.IfRevision = draft.RequestID, draft.IfRevision
	}
	if err == nil && draft != nil {
		data.Form.Version, data.Form.Notes, data.Form.Typed = draft.Version, draft.Notes, true
		words := p.words(c)
		data.Problem = words.t("your last upload was not accepted: %s", words.said(draft.Problem))
		data.Since = since(data.Status, draft.IfRevision)
		data.Report, err = p.Service.KeptReport(ctx, draft.SHA256, draft.Version)
	}
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.showAction(c, http.StatusOK, data)
}

func (p *Pages) takeUpload(c *gin.Context, upload *service.Upload) (*packages.Report, error) {
	form, err := uploadform.Open(c.Request, "request_id", "if_revision", "version", "notes")
	if err != nil {
		return nil, err
	}
	received, err := p.receive(c, form, *upload)
	fields := readForm(lifecycle.UploadCode, form.Fields())
	upload.RequestID, upload.IfRevision = fields.RequestID, fields.IfRevision
	upload.Version, upload.Notes = form.Fields().Get("version"), fields.Notes
	if err != nil {
		return nil, err
	}
	outcome, report, err := p.Service.Submit(c.Request.Context(), *upload, received)
	return report, refused(outcome, err)
}

func (p *Pages) receive(c *gin.Context, form *uploadform.Reader, upload service.Upload) (service.Received, error) {
	file, err := form.File()
	if err != nil {
		return service.Received{}, err
	}
	upload.RequestID = form.Fields().Get("request_id") // browsers send it before the file
	received, err := p.Service.Receive(c.Request.Context(), upload, file)
	if err == nil {
		err = form.Finish()
	}
	return received, err
}
