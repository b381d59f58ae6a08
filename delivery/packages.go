package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"slipway/packages"
)

// download hands out a package that is or was served. Its content never changes, but a suspension ends that it may be had: a
// copy is kept, and not used before we were asked (no-cache). That is a 304 without a look into the store.
func (h *Handlers) download(c *gin.Context) {
	name := c.Param("sha256")
	isPreview := h.isPreviewed(name, c.Query("preview"))
	if !isPreview {
		if err := h.mayHave(c.Request.Context(), name); err != nil {
			refuseDownload(c, err)
			return
		}
	}
	tag := `"` + name + `"`
	caching := "public, no-cache"
	if h.closed() || isPreview {
		caching = "private, no-cache" // a shared cache would give it to those without a token, or a preview
	}
	if matches(c.GetHeader("If-None-Match"), tag) {
		c.Header("Cache-Control", caching)
		c.Header("ETag", tag)
		c.Status(http.StatusNotModified)
		return
	}
	content, err := h.open(c, name, tag)
	if err != nil {
		refuseDownload(c, err)
		return
	}
	defer func() { _ = content.Close() }()
	c.Header("Cache-Control", caching)
	c.Header("ETag", tag)
	c.Header("Content-Type", "application/zip")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, content)
}

// isPreviewed tells whether the package is the one that a preview shows.
func (h *Handlers) isPreviewed(name, preview string) bool {
	shown := h.show(preview, AnyPlatform)
	return shown.works() && shown.Package.SHA256.String() == name
}

// mayHave hides packages that exist, but were not released, or were taken back by a suspension. What the snapshot knows needs
// no database.
func (h *Handlers) mayHave(ctx context.Context, name string) error {
	sum, ok := ParseSHA256(name)
	if ok && h.Snapshot.Serves(sum) {
		return nil
	}
	served := false
	if ok {
		var err error
		ctx, cancel := context.WithTimeout(ctx, askTimeout) // the catalogue may have to be opened first, which has no end of its own
		defer cancel()
		if served, err = h.History.Served(ctx, name); err != nil {
			return err
		}
	}
	if !served {
		return fmt.Errorf("%w: no user was given it", packages.ErrNotFound)
	}
	return nil
}

// open opens what the request asks for: a part of the package, of which the store hands over no more, or all of it, verified.
// Several parts at once, and parts in a unit that is not bytes, are answered with the whole, as HTTP wants.
func (h *Handlers) open(c *gin.Context, name, tag string) (io.ReadSeekCloser, error) {
	ctx, asked := c.Request.Context(), c.Request.Header
	unit, parts, _ := strings.Cut(asked.Get("Range"), "=")
	if unit != "bytes" || strings.Contains(parts, ",") {
		asked.Del("Range")
	}
	another := asked.Get("If-Range") != "" && asked.Get("If-Range") != tag
	if c.Request.Method == http.MethodHead || asked.Get("Range") != "" && !another {
		return h.Store.OpenPart(ctx, name, func() int64 { return lengthOf(c.Writer.Header()) })
	}
	return h.Store.Open(ctx, name)
}

// lengthOf is the length that an answer says it has; -1 when it does not say.
func lengthOf(answer http.Header) int64 {
	length, err := strconv.ParseInt(answer.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return length
}

func refuseDownload(c *gin.Context, err error) {
	if errors.Is(err, packages.ErrNotFound) {
		refuse(c, http.StatusNotFound, "no package with this sha256 is or was given to users, or it was withdrawn")
		return
	}
	_ = c.Error(err) // for the access log
	c.Header("Retry-After", "5")
	refuse(c, http.StatusServiceUnavailable, "the package cannot be read at the moment; try again")
}
