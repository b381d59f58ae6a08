package main

import (
	"maps"
	"net/http"

	"slipway/problem"
	"slipway/web/access"
	"slipway/web/api"
	"slipway/web/pages"
	"slipway/web/service"
)

// What requests are told that are denied before they reach a handler.
var (
	databaseAway = service.Problem{Status: http.StatusServiceUnavailable, Message: service.DatabaseAway}
	notLocal     = service.Problem{
		Status: http.StatusMisdirectedRequest, Message: "AUTH=dev serves this machine only; ask for http://localhost or 127.0.0.1",
	}
	otherSite = service.Problem{
		Status:  http.StatusForbidden,
		Message: "this request was sent by a page of another site; send it from a page of this site, or without a browser",
	}
)

// denyWith answers every request with the problem.
func denyWith(refused service.Problem) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { deny(w, r, refused) })
}

// deny answers outside of pages and API, in the form, and to people in the language, that the sender understands.
func deny(w http.ResponseWriter, r *http.Request, refused service.Problem) {
	access.SetHeaders(w.Header())
	known := problem.New(refused.Status, refused.Code, refused.Message)
	if api.Has(r.URL.Path) || below(r.URL.Path, codecFolder) || forHostApps(r.URL.Path) {
		problem.Write(w, &known)
		return
	}
	maps.Copy(w.Header(), known.GetHeaders())
	http.Error(w, pages.Say(r, known.Detail), known.Status)
}
