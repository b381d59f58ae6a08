package main

import (
	_ "embed"
	"io"
	"net/http"
)

// viewsPath is where the proxy sets Temporal UI up for Slipway: only its own pages may, for it keeps columns and saved queries in the browser.
const viewsPath = "/slipway"

//go:embed views.js
var viewsScript string

const viewsPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Slipway's views of Temporal UI</title>
<p>Without JavaScript Temporal UI shows nothing.</p>
<script src="` + viewsPath + `/views.js"></script>
</html>
`

// withViews serves the script beside Temporal UI's own pages.
func withViews(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	serve := func(contentType, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = io.WriteString(w, text)
		}
	}
	mux.HandleFunc("GET "+viewsPath, serve("text/html; charset=utf-8", viewsPage))
	mux.HandleFunc("GET "+viewsPath+"/views.js", serve("text/javascript; charset=utf-8", viewsScript))
	mux.Handle("/", pages)
	return mux
}
