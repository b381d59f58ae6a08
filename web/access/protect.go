package access

import (
	"net"
	"net/http"
	"net/netip"
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

// Bound limits the size of a request's body in bytes and how long its sender may take.
func Bound(limitOf func(*gin.Context) (bytes int64, within time.Duration)) gin.HandlerFunc {
	return func(c *gin.Context) {
		bytes, within := limitOf(c)
		bounded := *c.Request // a copy: net/http looks at the body of its own request to see whether the connection can be used again
		bounded.Body = http.MaxBytesReader(c.Writer, c.Request.Body, bytes)
		c.Request = &bounded
		ReadWithin(c.Writer, c.Request, within)
	}
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
		if !IsLoopback(r.Host) {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// IsLoopback tells whether an address, with a port or without, is one of this machine's own.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
