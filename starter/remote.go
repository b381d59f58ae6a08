package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/packages"
	problems "slipway/problem"
	"slipway/workflows"
)

// server is the address of --server, behind which paths can be put.
func (c commandLine) server() string { return strings.TrimSuffix(c.Server, "/") }

const (
	apiPath = "/api/v1/mini-programs"
	// viewer is the development account that looks: it sees everything.
	viewer = "operator"
	// serverTimeout is what a server gets beyond --timeout to say that it has recorded a request.
	serverTimeout = 15 * time.Second
	retryInterval = time.Second
	maxAnswer     = 64 << 20 // bytes
	maxAuditPage  = 500
)

// remote works through the API of a server.
type remote struct {
	server      string
	credentials credentials
	timeout     time.Duration
	http        *http.Client
}

func newRemote(line commandLine) remote {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = line.Timeout + serverTimeout // counts from the end of an upload
	return remote{
		server: line.server(), timeout: line.Timeout, http: &http.Client{Transport: transport},
		credentials: credentials{line.As, line.Token, line.server()},
	}
}

func (r remote) requestCreation(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	var created struct{ Outcome lifecycle.Outcome }
	body := map[string]string{
		"id": creation.ID, "title": creation.Title, "description": creation.Description, "team": creation.Team, "comment": creation.Comment,
	}
	err := r.post(ctx, creation.Actor, creation.RequestID, apiPath, jsonBody(body), &created)
	return outcomeOf(created.Outcome, err)
}

func (r remote) act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error) {
	members, err := membersOf(command)
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	var outcome lifecycle.Outcome
	err = r.post(ctx, command.Actor, command.RequestID, pathOf(id, "actions", string(command.Action)), jsonBody(members), &outcome)
	return outcomeOf(outcome, err)
}

// membersOf is a command as the API takes it: the server knows who acts.
func membersOf(command lifecycle.Command) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	text, err := json.Marshal(command)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	delete(members, "actor")
	return members, err
}

func (r remote) upload(
	ctx context.Context, id string, file *os.File, version string, command lifecycle.Command,
) (lifecycle.Outcome, error) {
	fields := map[string]string{"version": version, "notes": command.Notes, "comment": command.Comment}
	if command.IfRevision > 0 {
		fields["if_revision"] = strconv.Itoa(command.IfRevision)
	}
	var uploaded struct{ Outcome lifecycle.Outcome }
	err := r.post(ctx, command.Actor, command.RequestID, pathOf(id, "packages"), formBody(fields, file), &uploaded)
	return outcomeOf(uploaded.Outcome, err)
}

func (r remote) recover(ctx context.Context, id string, operator lifecycle.Actor, requestID string) (status lifecycle.Status, err error) {
	err = r.post(ctx, operator, requestID, pathOf(id, "recover"), jsonBody(map[string]any{}), &status)
	return status, err
}

func (r remote) status(ctx context.Context, id string) (status lifecycle.Status, err error) {
	return status, r.get(ctx, pathOf(id), nil, &status)
}

func (r remote) list(ctx context.Context, filter catalog.Filter) (page catalog.Page, err error) {
	query := url.Values{"team": filter.Teams}
	for _, state := range filter.States {
		query.Add("state", string(state))
	}
	for _, role := range filter.Turns {
		query.Add("turn", string(role))
	}
	for name, value := range map[string]string{"q": filter.Query, "standing": string(filter.Standing), "cursor": filter.Cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if filter.Overdue != nil {
		query.Set("overdue", strconv.FormatBool(*filter.Overdue))
	}
	if filter.Limit > 0 {
		query.Set("limit", strconv.Itoa(min(filter.Limit, catalog.MaxLimit)))
	}
	account := viewer
	if filter.Decider != nil { // the server knows who asks, and in which order
		account = decider
		query.Set("decidable", "true")
	}
	return page, r.getAs(ctx, account, apiPath, query, &page)
}

func (r remote) audit(ctx context.Context, id string, before int64, limit int) ([]auditLine, error) {
	lines := []auditLine{}
	cursor := ""
	if before > 0 {
		cursor = strconv.FormatInt(before, 10)
	}
	for len(lines) < limit {
		query := url.Values{"limit": {strconv.Itoa(min(limit-len(lines), maxAuditPage))}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var page struct {
			Entries    []auditLine
			NextCursor string `json:"next_cursor"`
		}
		if err := r.get(ctx, pathOf(id, "audit"), query, &page); err != nil {
			return nil, err
		}
		lines = append(lines, page.Entries...)
		if cursor = page.NextCursor; cursor == "" || len(page.Entries) == 0 { // a page that brings nothing would be asked for without end
			break
		}
	}
	return lines, nil
}

func (r remote) explain(ctx context.Context, id, user string, at time.Time, version int) (explanation delivery.Explanation, err error) {
	query := url.Values{"user": {user}}
	if !at.IsZero() {
		query.Set("at", at.Format(time.RFC3339Nano))
	}
	if version != delivery.AnyPlatform {
		query.Set("platform_version", strconv.Itoa(version))
	}
	return explanation, r.get(ctx, pathOf(id, "explain"), query, &explanation)
}

func pathOf(id string, more ...string) string {
	path := apiPath
	for _, element := range append([]string{id}, more...) {
		path += "/" + url.PathEscape(element)
	}
	return path
}

// body makes the body of a request, as often as it has to be sent.
type body func() (contentType string, content io.Reader, err error)

func jsonBody(value any) body {
	return func() (string, io.Reader, error) {
		text, err := json.Marshal(value)
		return "application/json", bytes.NewReader(text), err
	}
}

// formBody reads the file while it is sent.
func formBody(fields map[string]string, file *os.File) body {
	return func() (string, io.Reader, error) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return "", nil, err
		}
		content, into := io.Pipe()
		form := multipart.NewWriter(into)
		go func() { into.CloseWithError(writeForm(form, fields, file)) }()
		return form.FormDataContentType(), content, nil
	}
}

func writeForm(form *multipart.Writer, fields map[string]string, file *os.File) error {
	for name, value := range fields {
		if value == "" {
			continue
		}
		if err := form.WriteField(name, value); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile("file", filepath.Base(file.Name()))
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, file); err != nil {
		return err
	}
	return form.Close()
}

// errNoAnswer says that it is not known what the server did with a request.
var errNoAnswer = errors.New("no answer from the server")

// post sends a request that changes something, each time with the same request id, so that it is done once.
func (r remote) post(ctx context.Context, by lifecycle.Actor, requestID, path string, body body, into any) error {
	named := cmp.Or(requestID, uuid.NewString())
	err := r.retry(ctx, func() error {
		contentType, content, err := body()
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.server+path, content)
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Idempotency-Key", named)
		return r.do(request, by.User, into)
	})
	if dialing, ok := errors.AsType[*net.OpError](err); !errors.Is(err, errNoAnswer) || ok && dialing.Op == "dial" { // nothing was sent
		return err
	}
	return uncertain(err, requestID)
}

// get sends a request that changes nothing.
func (r remote) get(ctx context.Context, path string, query url.Values, into any) error {
	return r.getAs(ctx, viewer, path, query, into)
}

// getAs is get for a development account.
func (r remote) getAs(ctx context.Context, account, path string, query url.Values, into any) error {
	return r.retry(ctx, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server+path+"?"+query.Encode(), nil)
		if err != nil {
			return err
		}
		return r.do(request, account, into)
	})
}

// retry asks again, as long as --timeout allows, when the server says that it can answer later.
func (r remote) retry(ctx context.Context, ask func() error) error {
	var recorded error
	for end := time.Now().Add(r.timeout); ; {
		err := stillRecorded(recorded, ask())
		if recorded == nil && errors.Is(err, workflows.ErrUnfinished) {
			recorded = err
		}
		if !mayBeAnswered(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryInterval):
		}
	}
}

func (r remote) do(request *http.Request, account string, into any) error {
	response, err := r.send(request, account)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer := json.NewDecoder(io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode == http.StatusAccepted {
		return fmt.Errorf("%w (request id %s)", workflows.ErrUnfinished, request.Header.Get("Idempotency-Key"))
	}
	if err := answer.Decode(into); err != nil {
		return fmt.Errorf("%w %s (--server) that can be read: %w", errNoAnswer, r.server, err)
	}
	return nil
}

// send returns an answer that is no problem. The caller closes its body.
func (r remote) send(request *http.Request, account string) (*http.Response, error) {
	token, refused, err := r.credentials.bearer(request.Context(), account)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := r.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w %s (--server): %w", errNoAnswer, r.server, errors.Unwrap(err))
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	err = readProblem(response)
	if _, said := errors.AsType[*lifecycle.Refusal](err); response.StatusCode == http.StatusUnauthorized && !said {
		return nil, &problem{Outcome: lifecycle.Outcome{Message: refused}, Status: response.StatusCode}
	}
	return nil, err
}

// problem is what a server answers instead of doing something (RFC 9457); a refused action has its outcome.
type problem struct {
	lifecycle.Outcome
	Status int
	Detail string
	Report packages.Report
}

func (p *problem) Error() string { return p.Message }

func readProblem(response *http.Response) error {
	p := &problem{}
	err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(p)
	p.Status = response.StatusCode
	p.Message = strings.Join(append([]string{p.Detail}, p.Report.Errors()...), "; ")
	if err != nil || p.Detail == "" {
		p.Message = fmt.Sprintf("%s answered %s; is it Slipway's web?", response.Request.URL.Host, response.Status)
	}
	if p.isRefusal() && p.Action == "" {
		return lifecycle.Refuse(p.Code, "%s", p.Message)
	}
	return p
}

// isRefusal says whether the rules of the platform say no; else it went wrong on the way, and the status says all.
func (p *problem) isRefusal() bool { return p.Code != "" && p.Code != problems.CodeOf(p.Status) }

// outcomeOf makes the outcome of an action that was refused.
func outcomeOf(outcome lifecycle.Outcome, err error) (lifecycle.Outcome, error) {
	if p, ok := errors.AsType[*problem](err); ok && p.isRefusal() {
		return p.Outcome, nil
	}
	return outcome, err
}
