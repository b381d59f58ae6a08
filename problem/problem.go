// Package problem tells programs why a request was not done, in the one form that all of Slipway's HTTP answers have: RFC 9457.
package problem

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"slipway/lifecycle"
	"slipway/tokens"
)

const (
	// ContentType is that of a problem.
	ContentType = "application/problem+json"
	// RetryAfter is how long those wait who should try again, in seconds; the sentences say it, too.
	RetryAfter = "1"
)

// Problem has the members of RFC 9457, and a code. Types that embed it have more.
type Problem struct {
	Type   string         `json:"type" doc:"Always about:blank: code says more"`
	Title  string         `json:"title" doc:"The HTTP status in words"`
	Status int            `json:"status" doc:"The HTTP status"`
	Detail string         `json:"detail" doc:"What was wrong, with which value, and what to do: a sentence for people"`
	Code   lifecycle.Code `json:"code" doc:"Why it was refused, for programs; stable"`
}

// New is a problem; code is "" when it is no refusal, and becomes that of the status.
func New(status int, code lifecycle.Code, detail string) Problem {
	return Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: cmp.Or(code, CodeOf(status)),
	}
}

// CodeOf is the code of a problem of which the status says all, such as not_found.
func CodeOf(status int) lifecycle.Code {
	return lifecycle.Code(strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_"))
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of a problem, whatever was asked for.
func (p *Problem) ContentType(string) string { return ContentType }

// GetHeaders are those that go with the status: when to try again, how to identify oneself, or what was wrong with the access token
// (RFC 6750, 3).
func (p *Problem) GetHeaders() http.Header {
	switch {
	case p.Status == http.StatusTooManyRequests, p.Status == http.StatusServiceUnavailable:
		return http.Header{"Retry-After": {RetryAfter}}
	case p.Code == tokens.InvalidToken, p.Code == tokens.InsufficientScope:
		return http.Header{"Www-Authenticate": {`Bearer error="` + string(p.Code) + `"`}}
	case p.Status == http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	default:
		return nil
	}
}

// Write answers with a problem, or with something that embeds one. Headers that are set already stay.
func Write(w http.ResponseWriter, problem interface {
	GetStatus() int
	GetHeaders() http.Header
}) {
	for name, values := range problem.GetHeaders() {
		if _, set := w.Header()[name]; !set {
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(problem.GetStatus())
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(problem) // else the sender is gone
}
