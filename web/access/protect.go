package access

import (
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// contentSecurityPolicy lets pages load nothing but our own files, and be framed by nobody.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Headers tells browsers what our pages never do.
func Headers(c *gin.Context) { SetHeaders(c.Writer.Header()) }

// SetHeaders is Headers for answers that are given outside of gin.
func SetHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store") // routes that may be cached say so
}

// SetForeign tells browsers what to do with content that strangers made: it is what its type says and nothing else, it is no page of ours,
// loads and runs nothing, and is shown only when the caller knows that it can do no harm.
func SetForeign(h http.Header, contentType, name string, shown bool) {
	disposition := "attachment"
	if shown {
		disposition = "inline"
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": path.Base(name)}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
}

// ReadWithin limits how long the sender of a body may take. A request without one has arrived; a deadline would end it while
// it is answered, for net/http goes on reading to see whether its sender is still there.
func ReadWithin(w http.ResponseWriter, r *http.Request, within time.Duration) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(within)) // a test's writer has none
	}
}

// LocalOnly refuses requests that were not addressed to this machine by name. Accounts without passwords must be out of
// reach of other sites, also of those that point their own name at this machine.
func LocalOnly(next, refuse http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsLoopback(r.Host) || r.URL.User != nil { // http://evil@127.0.0.1/ as the request's target
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// RefererCheck refuses what a page of another site sent by a browser that says so in no other way than by its Referer. All that says more
// is left to http.CrossOriginProtection, and a program says nothing at all.
func RefererCheck(next, refuse http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
		if referer := r.Referer(); !safe && referer != "" && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			if from, err := url.Parse(referer); err != nil || from.Host != r.Host {
				refuse.ServeHTTP(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// IsLoopback tells whether a Host, with a port or without, is localhost or a loopback address as URLs have it, and nothing more.
func IsLoopback(host string) bool {
	if name, port, hasPort := strings.Cut(host, ":"); strings.EqualFold(name, "localhost") {
		_, err := strconv.ParseUint(port, 10, 16)
		return !hasPort || err == nil
	}
	address, err := netip.ParseAddrPort(host)
	if err != nil {
		address, err = netip.ParseAddrPort(host + ":80") // it may have none
	}
	return err == nil && address.Addr().IsLoopback() && address.Addr().Zone() == ""
}
