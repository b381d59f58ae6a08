package main

import (
	_ "embed"
	"io"
	"net/http"
)

// viewsPath is where the proxy sets Temporal UI up for Slipway: only a page of the same address can, for columns and saved
// queries are kept in the browser.
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case viewsPath:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, viewsPage)
		case viewsPath + "/views.js":
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = io.WriteString(w, viewsScript)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}
