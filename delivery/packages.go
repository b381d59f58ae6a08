package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"slipway/packages"
)

// download hands out a package that is or was served. Its content never changes, so it may be kept for ever.
func (h *Handlers) download(c *gin.Context) {
	name := c.Param("sha256")
	content, err := h.open(c.Request.Context(), name)
	if err != nil {
		refuseDownload(c, err)
		return
	}
	defer func() { _ = content.Close() }()
	caching := "public"
	if len(h.Tokens) > 0 {
		caching = "private" // a shared cache would give it to those without a token
	}
	header := c.Writer.Header()
	header.Set("Cache-Control", caching+", max-age=31536000, immutable")
	header.Set("Content-Type", "application/zip")
	header.Set("ETag", `"`+name+`"`)
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, content)
}

// open hides packages that exist, but were not released. What the snapshot knows needs no database.
func (h *Handlers) open(ctx context.Context, name string) (*packages.Content, error) {
	sum, ok := ParseSHA256(name)
	served := ok && h.Snapshot.Served(sum)
	if ok && !served {
		var err error
		if served, err = h.History.Served(ctx, name); err != nil {
			return nil, err
		}
	}
	if !served {
		return nil, fmt.Errorf("%w: no user was ever given it", packages.ErrNotFound)
	}
	return h.Store.Open(ctx, name)
}

func refuseDownload(c *gin.Context, err error) {
	if errors.Is(err, packages.ErrNotFound) {
		problem(c, http.StatusNotFound, "no package of this sha256 is or was released")
		return
	}
	_ = c.Error(err) // for the access log
	c.Header("Retry-After", "5")
	problem(c, http.StatusServiceUnavailable, "the package cannot be read now")
}

// problem answers as RFC 9457 says.
func problem(c *gin.Context, status int, detail string) {
	c.Header("Content-Type", "application/problem+json")
	c.AbortWithStatusJSON(status, gin.H{"title": http.StatusText(status), "status": status, "detail": detail})
}
