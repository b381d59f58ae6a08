package delivery

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/packages"
	"slipway/problem"
)

// Handlers answer host apps. All but Snapshot, Store and History may be left empty.
type Handlers struct {
	Snapshot *Snapshot
	// Store has the packages: a *packages.Store.
	Store interface {
		Open(ctx context.Context, sha256 string) (*packages.Content, error)
		OpenPart(ctx context.Context, sha256 string, wanted func() int64) (io.ReadSeekCloser, error)
	}
	// History knows which packages were served before: a *catalog.Catalog. It is asked only about those that the snapshot
	// does not know.
	History interface {
		Served(ctx context.Context, sha256 string) (bool, error)
	}
	// BaseURL is where host apps reach the packages, such as https://mini.example.com; "" means where they asked.
	BaseURL string
	// Tokens are those of the host apps that the configuration names, Access those that were made here; nil when there are none.
	Tokens Tokens
	Access AccessTokens
	// NeedToken refuses whoever has no token. Without it, and without Tokens, everyone is answered.
	NeedToken bool
	// Previews knows the previews of candidates; without keys there are none.
	Previews Previews
	// Origins are those of the host apps in browsers.
	Origins Origins
	// Logger is told of panics; nil for nobody.
	Logger *zap.Logger
}

// flagsPath is asked about all mini-programs; what follows it is the key of one.
const flagsPath = "/ofrep/v1/evaluate/flags"

// Register adds the routes to an engine that serves nothing else: what is asked for in another way is answered in the words of
// host apps too, never with a redirect.
func (h *Handlers) Register(engine *gin.Engine) {
	engine.RedirectTrailingSlash, engine.RedirectFixedPath, engine.HandleMethodNotAllowed = false, false, true
	engine.Use(gin.CustomRecoveryWithWriter(nil, h.recovered), guardAnswer, h.Origins.Admit)
	engine.NoRoute(func(c *gin.Context) { refuse(c, http.StatusNotFound, "there is nothing at this path") })
	engine.NoMethod(func(c *gin.Context) {
		refuse(c, http.StatusMethodNotAllowed, "this path accepts only "+c.Writer.Header().Get("Allow"))
	})
	guarded := engine.Group("", h.identify)
	guarded.POST(flagsPath, h.evaluateAll)
	guarded.POST(flagsPath+"/*key", h.evaluate)
	guarded.GET("/packages/:sha256", h.download)
	guarded.HEAD("/packages/:sha256", h.download)
}

// guardAnswer keeps what is answered from being taken for something else, or kept: routes that may be cached say so.
func guardAnswer(c *gin.Context) {
	header := c.Writer.Header()
	header["X-Content-Type-Options"] = noSniff
	header["Cache-Control"] = noStore
}

func (h *Handlers) recovered(c *gin.Context, cause any) {
	if h.Logger != nil {
		h.Logger.Error("a handler for host apps panicked", zap.String(logkey.Route, c.FullPath()), zap.Any(logkey.Cause, cause),
			zap.Stack(logkey.Stack))
	}
	refuse(c, http.StatusInternalServerError, "something went wrong on our side; it was logged, try again in a moment")
}

// refuse answers with a problem, and ends the request.
func refuse(c *gin.Context, status int, detail string) { refuseAs(c, status, "", detail) }

func refuseAs(c *gin.Context, status int, code lifecycle.Code, detail string) {
	c.Abort()
	refusal := problem.New(status, code, detail)
	problem.Write(c.Writer, &refusal)
}

// scratch is memory for one evaluation, used again and again.
type scratch struct{ in, base, out []byte }

var scratches = sync.Pool{New: func() any { return &scratch{in: make([]byte, 0, 1<<10), out: make([]byte, 0, 1<<10)} }}

// maxKept bounds the memory that rests between two evaluations.
const maxKept = 4 << 20

func (s *scratch) release() {
	if cap(s.out) <= maxKept {
		scratches.Put(s)
	}
}

// evaluate answers about one mini-program. Whatever stands behind the path is its key.
func (h *Handlers) evaluate(c *gin.Context) {
	s := scratches.Get().(*scratch)
	defer s.release()
	id := strings.TrimPrefix(c.Param("key"), "/")
	var request evaluationRequest
	var failure *evaluationFailure
	if request, s.in, failure = readRequest(c.Request.Body, s.in); failure != nil {
		failure.Key = new(id)
		c.AbortWithStatusJSON(failure.status, failure)
		return
	}
	decision := h.Snapshot.Evaluate(id, request.user, request.platform)
	s.base = h.appendBase(s.base[:0], c.Request)
	s.out = appendEvaluation(s.out[:0], id, decision, s.base, h.show(request.preview, request.platform))
	status := http.StatusOK
	if failure := failureOf(id, decision.Rule); failure != nil {
		status = failure.status
	}
	send(c, status, s.out)
}

// evaluateAll answers about all mini-programs with something served. The client that has this very answer already is
// told so: the ETag covers every byte of it, and the user and platform that it is for.
func (h *Handlers) evaluateAll(c *gin.Context) {
	s := scratches.Get().(*scratch)
	defer s.release()
	var request evaluationRequest
	var failure *evaluationFailure
	if request, s.in, failure = readRequest(c.Request.Body, s.in); failure != nil {
		c.AbortWithStatusJSON(failure.status, failure)
		return
	}
	s.base = h.appendBase(s.base[:0], c.Request)
	s.out = h.Snapshot.appendFlags(s.out[:0], request, s.base, h.show(request.preview, request.platform))
	tag := entityTag(s.out, request)
	c.Header("ETag", tag)
	if matches(c.GetHeader("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		return
	}
	send(c, http.StatusOK, s.out)
}

// appendFlags answers about all that is served, and about what a preview shows though nobody gets it.
func (s *Snapshot) appendFlags(out []byte, request evaluationRequest, base []byte, preview *shown) []byte {
	out = append(out, `{"flags":[`...)
	first, isThere := len(out), !preview.works()
	for r := range s.flags {
		if len(out) > first {
			out = append(out, ',')
		}
		isThere = isThere || r.ID == preview.miniProgram
		out = appendEvaluation(out, r.ID, r.decide(request.user, request.platform), base, preview)
	}
	if !isThere {
		if len(out) > first {
			out = append(out, ',')
		}
		out = appendEvaluation(out, preview.miniProgram, preview.Decision, base, preview)
	}
	return append(out, `]}`...)
}

func entityTag(answer []byte, request evaluationRequest) string {
	var digest xxhash.Digest
	digest.Reset()
	_, _ = digest.Write(answer)
	_, _ = digest.Write(binary.LittleEndian.AppendUint64(nil, uint64(request.platform))) //nolint:gosec // any bits will do
	_, _ = digest.WriteString(request.user)
	return `"` + strconv.FormatUint(digest.Sum64(), 16) + `"`
}

// matches tells whether the tag is among those of an If-None-Match header. Some clients leave out the quotes, as the
// example in the protocol does.
func matches(header, tag string) bool {
	for each := range strings.SplitSeq(header, ",") {
		each = strings.TrimPrefix(strings.TrimSpace(each), "W/")
		if each == tag || each == strings.Trim(tag, `"`) {
			return true
		}
	}
	return false
}

// appendBase writes the beginning of the packages' URLs, as it stands within a JSON text.
func (h *Handlers) appendBase(out []byte, r *http.Request) []byte {
	switch {
	case h.BaseURL != "":
		out = appendText(out, strings.TrimRight(h.BaseURL, "/"))
	case r.TLS != nil:
		out = appendText(append(out, "https://"...), r.Host)
	default:
		out = appendText(append(out, "http://"...), r.Host)
	}
	return append(out, "/packages/"...)
}

// failureOf is why there is no answer about a mini-program; nil when there is one.
func failureOf(id string, rule Rule) *evaluationFailure {
	switch rule {
	case Unknown:
		return failureAbout(id, http.StatusNotFound, "FLAG_NOT_FOUND", "there is no such mini-program")
	case Unreadable:
		return failureAbout(id, http.StatusInternalServerError, "GENERAL", "what is released cannot be read; the operator is told")
	default:
		return nil
	}
}

func failureAbout(id string, status int, code, details string) *evaluationFailure {
	return &evaluationFailure{status, new(id), code, details}
}

// Values of headers that are the same for everyone need no memory of their own.
var (
	jsonType = []string{"application/json"}
	noSniff  = []string{"nosniff"}
	noStore  = []string{"no-store"}
)

// countedLength is what net/http counts itself, in bytes.
const countedLength = 2048

func send(c *gin.Context, status int, body []byte) {
	header := c.Writer.Header()
	header["Content-Type"] = jsonType
	if len(body) > countedLength {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	c.Status(status)
	_, _ = c.Writer.Write(body) // whoever asked may be gone
}
